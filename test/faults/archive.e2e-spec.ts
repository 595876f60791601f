import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { changeCounterOf, isWalOf } from '../../src/history/sqlite/wal-origin.js';
import { temporaryFolder } from '../../src/testing/temporary-folder.js';
import { ApiProcess, type WireBucket } from '../../src/testing/api-process.mjs';
import { eventually } from '../support/eventually.js';
import { describeWith } from '../../src/testing/components.js';
import { sqlite, storedTimes } from '../support/sqlite-shell.js';
import { describeWithTmpfs, Tmpfs } from '../support/tmpfs.js';

let folder: ReturnType<typeof temporaryFolder>;
let file: string;
let apps: ApiProcess[];

beforeEach(() => {
  folder = temporaryFolder();
  file = join(folder.path, 'metrics.db');
  apps = [];
});

afterEach(async () => {
  await Promise.all(apps.map((app) => app.end('SIGKILL')));
  folder.remove();
});

async function start(env: Record<string, string> = {}): Promise<ApiProcess> {
  const app = await ApiProcess.start({ VS_METRICS_INTERVAL: '0.1', VS_DATA_DIR: folder.path, ...env });
  apps.push(app);
  return app;
}

/** Samples go on and are shown while the archive is degraded for `reason`, of which the log speaks once. */
async function expectMemoryOnly(app: ApiProcess, reason: RegExp): Promise<void> {
  expect(await eventually('degraded', () => app.degraded())).toMatch(reason);
  expect((await app.data<{ degraded: string }>('metrics/info')).degraded).toMatch(reason);
  const before = await app.history();
  await eventually('more samples', async () => (await app.history()).length > before.length + 3);
  const { metrics } = await app.data<{ metrics: WireBucket[] }>('metrics/history?minutes=10&points=10');
  // In all: the last one may have begun just now.
  expect(metrics.reduce((sum, { sampleCount }) => sum + sampleCount, 0)).toBeGreaterThan(3);
  expect(await (await app.request('api/v1alpha1/metrics/export')).text()).toMatch(/^timestamp,.*\r\n20/);
  // Long enough for it to try again.
  await delay(2500);
  expect(app.output.split('\n').filter((l) => l.includes('memory only'))).toHaveLength(1);
}

async function expectWritten(app: ApiProcess, path = file): Promise<void> {
  await eventually('writing resumes', async () => (await app.degraded()) === null);
  await app.waitForOutput(/written to the archive again/);
  expect(app.said('written to the archive again')).toBe(1);
  await expectAllStored(app, path);
  const stored = storedTimes(path);
  expect(stored).toEqual([...new Set(stored)]);
}

/** What the memory holds is in the file, or will be in a moment: the worker may have the lock just now. */
async function expectAllStored(app: ApiProcess, path = file): Promise<string[]> {
  const seen = (await app.history()).map((snapshot) => snapshot.timestamp);
  await eventually('all are stored', () => {
    const stored = new Set(storedTimes(path));
    return seen.every((time) => stored.has(time));
  });
  return seen;
}

function fingerprint(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

describeWith('sqlite3', '/usr/bin/sqlite3')('the archive in trouble', () => {
  describe('a file that is not ours', () => {
    const foreign: Record<string, (path: string) => void> = {
      'not a database': (path) => {
        writeFileSync(path, 'These are my notes, not a database.\n'.repeat(10));
      },
      "another program's database": (path) => {
        sqlite(path, 'CREATE TABLE notes (text); INSERT INTO notes VALUES (1)');
      },
    };

    it.each(Object.keys(foreign))('%s is not touched; when it is gone, writing begins', async (kind) => {
      foreign[kind]?.(file);
      const before = fingerprint(file);
      const app = await start();
      await expectMemoryOnly(app, new RegExp(kind));
      expect(fingerprint(file)).toBe(before);
      expect(readdirSync(folder.path).filter((name) => name.startsWith('metrics.db'))).toEqual([
        'metrics.db',
      ]);

      renameSync(file, `${file}.mine`);
      await expectWritten(app);
      expect(fingerprint(`${file}.mine`)).toBe(before);
      expect(await app.end()).toBe(0);
    });

    it('a file of a newer version is not touched', async () => {
      await (await start()).end();
      sqlite(file, 'PRAGMA user_version = 99; CREATE TABLE future (x); PRAGMA wal_checkpoint(TRUNCATE)');
      const before = fingerprint(file);
      const app = await start();
      await expectMemoryOnly(app, /newer version.*schema 99/);
      expect(await app.end()).toBe(0);
      expect(fingerprint(file)).toBe(before);
    });

    it('a file that is deleted or replaced while it is open is begun anew', async () => {
      const app = await start();
      await eventually('samples', () => storedTimes(file).length > 5);
      rmSync(file);
      expect(await eventually('degraded', () => app.degraded())).toMatch(/deleted or replaced/);
      await eventually('writing resumes', async () => (await app.degraded()) === null);
      const last = (await app.history()).at(-1)?.timestamp ?? '';
      await eventually('the last is stored', () => storedTimes(file).includes(last));
      expect(await app.end()).toBe(0);
    });
  });

  describe('a damaged file', () => {
    const asides = () => readdirSync(folder.path).filter((name) => name.includes('.corrupt-'));

    let sound: Buffer | undefined;

    /** Leaves what an app leaves that ended after some samples: all of them in the file itself. */
    async function makeArchive(): Promise<Buffer> {
      if (sound === undefined) {
        const app = await start();
        await eventually('samples', async () => (await app.history()).length > 20);
        expect(await app.end()).toBe(0);
        sound = readFileSync(file);
      } else {
        writeFileSync(file, sound);
      }
      return Buffer.from(sound);
    }

    async function expectBegunAnew(app: ApiProcess): Promise<void> {
      await eventually('writing resumes', async () => (await app.degraded()) === null);
      await eventually('samples are written', () => storedTimes(file).length > 5);
      expect(asides().length).toBeGreaterThan(0);
      expect(sqlite(file, 'PRAGMA integrity_check')).toBe('ok');
    }

    it.each<[string, (bytes: Buffer) => void]>([
      ['pages of nonsense', (bytes) => bytes.fill(0xaa, 4096)],
      // Each fetch of a value of this column makes the binding abort the process. The last such text: the first page may
      // hold an old copy of one.
      [
        'a text in the schema that is not UTF-8',
        (bytes) => {
          const at = bytes.lastIndexOf('INTEGER NOT NULL');
          bytes.fill(0xff, at, at + 1);
        },
      ],
    ])('%s: it is set aside at the start, and a new one is begun', async (_, damage) => {
      const bytes = await makeArchive();
      damage(bytes);
      writeFileSync(file, bytes);
      const app = await start();
      await expectBegunAnew(app);
      expect(app.said(/metrics\.db is damaged \(.*and is now .*corrupt-.*a new one is begun/)).toBe(1);
      const [aside] = asides();
      expect(readFileSync(join(folder.path, aside ?? ''))).toEqual(bytes);
      expect(await app.end()).toBe(0);
    });

    it('that shows while it runs is set aside too, and no sample in memory is lost', async () => {
      await makeArchive();
      sqlite(
        file,
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
         INSERT INTO sample (time_ms, api_memory_mb, api_cpu_percent) SELECT ${Date.now()} - 9000000 + i, 1, 1 FROM n;
         PRAGMA wal_checkpoint(TRUNCATE)`,
      );
      const app = await start();
      await eventually('samples', async () => (await app.history('?minutes=1')).length > 5);
      const { size } = statSync(file);
      const descriptor = openSync(file, 'r+');
      // Not the pages of the newest rows, which are in use.
      writeSync(descriptor, Buffer.alloc(size - 400_000 - 65_536, 0xaa), 0, size - 400_000 - 65_536, 65_536);
      closeSync(descriptor);
      await eventually('it is noticed', async () => {
        await app.request('api/v1alpha1/metrics/history?minutes=1000&points=10000').catch(() => undefined);
        return asides().length > 0;
      });
      await expectBegunAnew(app);
      expect(await app.end()).toBe(0);
    });

    it('a backup that is copied over the archive beside an old WAL is used, and the WAL set aside', async () => {
      const backup = await makeArchive();
      // A WAL fits the backup until it is begun anew. A sample that comes during the checkpoint keeps it from that for
      // a minute, the end of a run does not.
      await (await start()).end();
      const app = await start();
      await eventually(
        'a WAL that is not of the backup',
        () => isWalOf(backup.subarray(0, 100), `${file}-wal`) === false,
      );
      await app.end('SIGKILL');
      writeFileSync(file, backup);
      const again = await start();
      await eventually('samples', async () => (await again.history('?minutes=5')).length > 5);
      expect(again.said(/The WAL beside .*metrics\.db is not of this file, and is now .*-wal/)).toBe(1);
      expect(asides()).toHaveLength(1);
      expect(sqlite(file, 'PRAGMA integrity_check')).toBe('ok');
      expect(await again.degraded()).toBeNull();
      expect(await again.end()).toBe(0);
    });

    it('a backup that is copied over the archive while it is open is noticed and used', async () => {
      const backup = await makeArchive();
      const known = storedTimes(file);
      const app = await start();
      // Until then the file is what the backup is.
      await eventually('a checkpoint', () => changeCounterOf(readFileSync(file)) > changeCounterOf(backup));
      const written = storedTimes(file).length;
      await eventually('samples', () => storedTimes(file).length > written + 20);
      writeFileSync(file, backup);
      await eventually('it is noticed', () => app.said(/was deleted or replaced/) > 0);
      await eventually('writing resumes', async () => (await app.degraded()) === null);
      await eventually('samples', () => storedTimes(file).length > known.length + 5);
      expect(storedTimes(file)).toEqual(expect.arrayContaining(known));
      expect(sqlite(file, 'PRAGMA integrity_check')).toBe('ok');
      expect(await app.end()).toBe(0);
    });
  });

  describe('a second copy on the same folder', () => {
    it('runs from memory and takes over when the first has gone, by whatever death', async () => {
      const first = await start();
      await eventually('samples', async () => (await first.history()).length > 3);
      const second = await start();
      await expectMemoryOnly(second, /Another copy/);
      expect(await first.degraded()).toBeNull();
      // Of the second first: a sample of both in the same millisecond is among those of the first by then.
      const secondSeen = (await second.history()).map((snapshot) => snapshot.timestamp);
      const firstSeen = await expectAllStored(first);
      expect(
        storedTimes(file).filter((time) => secondSeen.includes(time) && !firstSeen.includes(time)),
      ).toEqual([]);

      await first.end('SIGKILL');
      const count = storedTimes(file).length;
      await eventually('takes over', async () => (await second.degraded()) === null);
      await eventually('writes', () => storedTimes(file).length > count + 3);
      const stored = storedTimes(file);
      expect(stored.slice(0, count)).toEqual(expect.arrayContaining(firstSeen.slice(1)));
      expect(stored).toEqual([...new Set(stored)].sort());
      expect(sqlite(file, 'PRAGMA integrity_check')).toBe('ok');

      // And the next one waits for this one in turn.
      const third = await start();
      expect(await eventually('degraded', () => third.degraded())).toMatch(/Another copy/);
    });
  });

  describe('a person at the sqlite3 shell', () => {
    it('holds the write lock for a while: samples wait, and none is lost', async () => {
      const app = await start();
      await eventually('samples', () => storedTimes(file).length > 3);
      // The app may be writing at that moment.
      sqlite(file, '.timeout 30000\nBEGIN IMMEDIATE;\n.shell sleep 2.5\nCOMMIT');
      await eventually('writing resumes', async () => (await app.degraded()) === null);
      await expectAllStored(app);
    });
  });

  describeWithTmpfs()('the disk', () => {
    let disk: Tmpfs;
    beforeEach(() => {
      // Not much, but more than the samples of a slow test take: each has 12 KB in the WAL.
      disk = new Tmpfs(8192);
      file = join(disk.path, 'metrics.db');
    });
    afterEach(async () => {
      await Promise.all(apps.map((app) => app.end('SIGKILL')));
      disk.remove();
    });

    it('is full at the start, and has room later', async () => {
      fillDisk();
      const app = await start({ VS_DATA_DIR: disk.path });
      await expectMemoryOnly(app, /full|disk I\/O|unable to open/);
      rmSync(join(disk.path, 'ballast'));
      await expectWritten(app);
      expect(await app.end()).toBe(0);
    });

    it('runs full while samples are written, and has room later', async () => {
      const app = await start({ VS_DATA_DIR: disk.path });
      await eventually('samples', () => storedTimes(file).length > 5);
      fillDisk();
      await expectMemoryOnly(app, /full/);
      rmSync(join(disk.path, 'ballast'));
      await expectWritten(app);
      expect(sqlite(file, 'PRAGMA integrity_check')).toBe('ok');
      expect(await app.end()).toBe(0);
    });

    it('is read-only at the start, and writable later', async () => {
      disk.readOnly = true;
      const app = await start({ VS_DATA_DIR: disk.path });
      await expectMemoryOnly(app, /may not be written/);
      disk.readOnly = false;
      await expectWritten(app);
    });

    function fillDisk(): void {
      for (const size of [65_536, 4096, 512]) {
        try {
          for (;;) writeFileSync(join(disk.path, 'ballast'), Buffer.alloc(size), { flag: 'a' });
        } catch {
          // Full.
        }
      }
    }
  });
});
