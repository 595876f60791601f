import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CorruptStateFile } from '../config/state-file.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { SettingsFile } from './settings-file.js';

describe('SettingsFile', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => {
    folder.remove();
  });

  const read = (text: string) => {
    writeFileSync(join(folder.path, 'settings.json'), text);
    return new SettingsFile(folder.path).read();
  };

  it.each(['', '{"intervalSeconds": 12', '[]', '{"intervalSeconds": -1}', '{"intervalSeconds": "5"}'])(
    'refuses %j',
    (text) => {
      expect(() => read(text)).toThrow(CorruptStateFile);
    },
  );

  it('takes what it knows, and keeps the rest', () => {
    expect(read('{"intervalSeconds": 0.5, "future": [1]}')).toEqual({ intervalSeconds: 0.5, future: [1] });
  });
});
