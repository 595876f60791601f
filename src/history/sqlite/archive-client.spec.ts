import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../testing/temporary-folder.js';
import { ArchiveClient } from './archive-client.js';

describe("the archive's worker, of a file in which it finds no tables when it starts", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let client: ArchiveClient;

  beforeEach(() => {
    folder = temporaryFolder();
    const file = join(folder.path, 'metrics.db');
    writeFileSync(file, '');
    client = new ArchiveClient(file, 30);
  });

  afterEach(() => {
    folder.remove();
  });

  const order = { checkpoint: false, untilMs: 0 };

  it('refuses in words what it was asked, with the code', async () => {
    await expect(client.call('maintain', order)).rejects.toMatchObject({
      message: 'The archive worker has ended.',
      code: 'SQLITE_ERROR',
    });
  });

  it('can be left all the same', async () => {
    const refused = expect(client.call('maintain', order)).rejects.toThrow('has ended');
    await client.leave();
    await refused;
  });
});
