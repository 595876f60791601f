import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArchiveWriter } from '../../src/history/sqlite/archive-writer.js';
import { openConnection } from '../../src/history/sqlite/sqlite.js';
import { UNKNOWN_VALUES } from '../../src/testing/unknown-values.js';

const COUNT = 1000;
/** Files to one process. */
const BATCH = 50;

let folder: string;

beforeAll(() => {
  // In memory where there is such a folder: a thousand checkpoints would wait for the disk.
  folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'vs-damage-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A number from 0 to below `limit`; the same ones in each run (mulberry32). */
function random(limit: number): number {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
}
let seed = 10;

const NO_WAL = Buffer.alloc(0);

// What the WAL holds would hide damage to the same pages of the file.
const damages: Record<string, (db: Buffer, wal: Buffer) => [db: Buffer, wal: Buffer]> = {
  'the header': (db) => [changed(db, 1 + random(3), 18, 100), NO_WAL],
  'the schema': (db) => [changed(db, 1 + random(4), 2300, 4096), NO_WAL],
  'a byte of the schema that is no UTF-8': (db) => [changed(db, 1, 2300, 4096, 0xff), NO_WAL],
  'a few bytes': (db, wal) => [changed(db, 1 + random(8), 100, db.length), wal],
  'many bytes': (db, wal) => [changed(db, 200, 4096, db.length), wal],
  'the types of values': (db) => [changed(db, 30, 4096, db.length, 0x1d), NO_WAL],
  'a truncated file': (db, wal) => [db.subarray(0, 100 + random(db.length - 100)), wal],
  zeroes: (db, wal) => {
    const at = 100 + random(db.length - 100);
    return [Buffer.from(db).fill(0, at, Math.min(db.length, at + random(9000))), wal];
  },
  'a lengthened file': (db, wal) => [Buffer.concat([db, Buffer.alloc(random(9000), random(256))]), wal],
  'bytes of the WAL': (db, wal) => [db, changed(wal, 1 + random(8), 0, wal.length)],
  'a truncated WAL': (db, wal) => [db, wal.subarray(0, random(wal.length))],
  'a lengthened WAL': (db, wal) => [db, Buffer.concat([wal, Buffer.alloc(random(9000), random(256))])],
  'both files': (db, wal) => [changed(db, 3, 100, db.length), changed(wal, 3, 32, wal.length)],
};

function changed(bytes: Buffer, times: number, from: number, to: number, value = -1): Buffer {
  const copy = Buffer.from(bytes);
  for (let i = 0; i < times && copy.length > from; i++) {
    copy[from + random(Math.min(to, copy.length) - from)] = value === -1 ? random(256) : value;
  }
  return copy;
}

/** An archive with something in its WAL, as a SIGKILL leaves it. */
function makeArchive(): [db: Buffer, wal: Buffer] {
  const file = join(folder, 'whole.db');
  const writer = new ArchiveWriter(file);
  const db = openConnection(file);
  const write = (from: number, to: number) => {
    writer.write(
      Array.from({ length: to - from }, (_, i) => ({
        timestamp: new Date(Date.now() - (700 - from - i) * 300_000),
        apiMemoryMb: from + i,
        apiCpuPercent: 0.25,
        ...UNKNOWN_VALUES,
        gameMemoryMb: i % 3 === 0 ? null : 1000 + i,
        gameCpuPercent: i % 3 === 0 ? null : 0.5,
      })),
    );
  };
  write(0, 600);
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  for (let i = 600; i < 700; i += 20) write(i, i + 20);
  return [readFileSync(file), readFileSync(`${file}-wal`)];
}

function run(program: string, files: string[]): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [program, ...files], {
    encoding: 'utf8',
    timeout: 300_000,
  });
}

describe('a thousand damaged files', () => {
  it('end no process but the one that looks at them, and hang none', () => {
    const archive = makeArchive();
    const kinds = Object.keys(damages);
    const files = Array.from({ length: COUNT }, (_, i) => {
      const file = join(folder, `${i}.db`);
      const [db, wal] = damages[kinds[i % kinds.length] ?? '']?.(...archive) ?? archive;
      writeFileSync(file, db);
      writeFileSync(`${file}-wal`, wal);
      return file;
    });

    const sound: string[] = [];
    const counts = { sound: 0, damaged: 0, crash: 0 };
    for (let at = 0; at < COUNT;) {
      const batch = files.slice(at, at + BATCH);
      const { stdout, error } = run('build/history/sqlite/archive-look.js', batch);
      expect(error).toBeUndefined();
      const verdicts = stdout.split('looking\n').slice(1);
      for (const [i, verdict] of verdicts.entries()) {
        const kind = verdict.includes('sound\n')
          ? 'sound'
          : verdict.includes('damaged: ')
            ? 'damaged'
            : 'crash';
        counts[kind] += 1;
        if (kind === 'sound') sound.push(batch[i] ?? '');
      }
      at += verdicts.length;
    }
    // The damages are such that all three occur.
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(0);

    let done = 0;
    for (let at = 0; at < sound.length; at += BATCH) {
      const batch = sound.slice(at, at + BATCH);
      const { stdout, stderr } = run('test/support/archive-exercise.mjs', batch);
      const reached = stdout.split('\n').length - 1;
      if (reached < batch.length) {
        const failed = batch[reached] ?? '';
        const kind = kinds[Number(/(\d+)\.db$/.exec(failed)?.[1]) % kinds.length] ?? '';
        throw new Error(`${failed} (${kind}) ended the process: ${stderr.slice(0, 500)}`);
      }
      done += reached;
    }
    expect(done).toBe(sound.length);
  });
});
