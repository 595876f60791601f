import { afterEach, beforeEach } from '@jest/globals';
import { join } from 'node:path';
import { ApiProcess } from '../../src/testing/api-process.mjs';
import { temporaryFolder } from '../../src/testing/temporary-folder.js';

/** An archive in a folder of its own for each test of a file, and the application on it, which ends with the test. */
export function archiveLife(): {
  readonly file: string;
  readonly start: (env?: Record<string, string>) => Promise<ApiProcess>;
} {
  let folder: ReturnType<typeof temporaryFolder>;
  let app: ApiProcess | null;

  beforeEach(() => {
    folder = temporaryFolder();
    app = null;
  });

  afterEach(async () => {
    await app?.kill();
    folder.remove();
  });

  return {
    get file() {
      return join(folder.path, 'metrics.db');
    },
    start: async (env = {}) =>
      (app = await ApiProcess.start({
        VS_METRICS_INTERVAL: '0.1',
        VS_DATA_DIR: folder.path,
        VS_SERVER_STOP_TIMEOUT: '0',
        ...env,
      })),
  };
}
