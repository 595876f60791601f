import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findDamage } from '../src/history/sqlite/archive-inspection.js';
import { type TimelineEvent } from '../src/events/event.js';
import { ArchiveReader } from '../src/history/sqlite/archive-reader.js';
import { ArchiveWriter } from '../src/history/sqlite/archive-writer.js';
import { type Connection, openConnection } from '../src/history/sqlite/sqlite.js';
import { type MetricsBucket } from '../src/history/metrics-bucket.js';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { ApiProcess, type WireBucket } from '../src/testing/api-process.mjs';
import { eventually } from './support/eventually.js';

const FIXTURE = readFileSync(resolve('test/fixtures/archive-v1.sql'), 'utf8');
const MINUTE_MS = 60_000;
const DAYS = 30;
const EVERYTHING = { fromMs: 0, toMs: Infinity };
const WRITER = new URL('../build/history/sqlite/archive-writer.js', import.meta.url).href;
const OPEN = `const { ArchiveWriter } = await import('${WRITER}');
process.stdout.write('.'); new ArchiveWriter(process.argv[1]); process.stdout.write('.'); setInterval(() => {}, 1000)`;

let folder: ReturnType<typeof temporaryFolder>;
let file: string;

beforeEach(() => {
  folder = temporaryFolder();
  file = join(folder.path, 'metrics.db');
});

afterEach(() => {
  folder.remove();
});

/** Makes a file of the first version, with more of its rows by `sql`. */
function makeFile(sql = ''): void {
  const db = openConnection(file);
  db.exec(`PRAGMA journal_mode = WAL; ${FIXTURE}; ${sql}; PRAGMA wal_checkpoint(TRUNCATE)`);
  db.close();
}

/** 30 days of a sample every 10 s, as they are kept: two days of samples, and all minutes. */
function thirtyDays(): string {
  const nowMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
  const count = (rows: number) =>
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})`;
  return `BEGIN;
    INSERT INTO sample (time_ms, api_memory_mb, api_cpu_percent, game_memory_mb, game_cpu_percent)
      ${count(2 * 8640)} SELECT ${nowMs} - (17281 - i) * 10000, 100.5, 1.5, 4000.25, 90.5 FROM n;
    INSERT OR IGNORE INTO minute (time_ms, sample_count, game_sample_count, api_memory_mb, api_memory_mb_max, api_cpu_percent,
      api_cpu_percent_max, game_memory_mb, game_memory_mb_max, game_cpu_percent, game_cpu_percent_max)
      ${count(DAYS * 1440)} SELECT ${nowMs} - (43201 - i) * ${MINUTE_MS}, 6, 6, 100.5, 101.5, 1.5, 2.5, 4000.25, 4100.5, 90.5, 99.5
      FROM n;
    COMMIT`;
}

function bucketsOf(db: Connection, widthMs: number): MetricsBucket[] {
  const pieces = new ArchiveReader(db).buckets(EVERYTHING, widthMs);
  for (;;) {
    const { done, value } = pieces.next();
    if (done === true) return value;
  }
}

function versionOf(db: Connection): unknown {
  return db.pragma('user_version');
}

function columnsOf(db: Connection, table: string): unknown[] {
  return db.prepare(`SELECT name FROM pragma_table_info('${table}')`).raw().all().flat();
}

describe('an archive of the first version', () => {
  it('is sound before, and says the same after it was brought up to date', async () => {
    makeFile();
    expect(await findDamage(file)).toBeNull();
    const writer = new ArchiveWriter(file);
    const db = openConnection(file);
    expect(versionOf(db)).toEqual([{ user_version: 2 }]);
    // As the first version answered.
    const row = (
      minute: number,
      means: (number | null)[],
      maxima: (number | null)[],
      sampleCount: number,
    ) => ({
      timestamp: new Date(Date.parse('2026-11-24T00:00:00Z') + minute * MINUTE_MS),
      apiMemoryMb: means[0],
      apiCpuPercent: means[1],
      gameMemoryMb: means[2],
      gameCpuPercent: means[3],
      apiMemoryMbMax: maxima[0],
      apiCpuPercentMax: maxima[1],
      gameMemoryMbMax: maxima[2],
      gameCpuPercentMax: maxima[3],
      sampleCount,
    });
    expect(bucketsOf(db, MINUTE_MS)).toMatchObject([
      row(0, [101.63, 1.25, 1050.5, 85.38], [102.75, 2.25, 1100.75, 90.25], 4),
      row(1, [103, 1, 1200, null], [103, 1, 1200, null], 1),
      row(2, [104.5, 1.25, null, null], [104.5, 1.25, null, null], 1),
      row(3, [105.13, 1.75, 1305.38, 115.63], [105.25, 2, 1310.25, 120.75], 2),
    ]);
    expect(bucketsOf(db, 60 * MINUTE_MS)).toMatchObject([
      row(0, [103.03, 1.34, 1182.35, 100.5], [105.25, 2.25, 1310.25, 120.75], 8),
    ]);
    expect(writer.newest(8).map(({ gameMemoryMb }) => gameMemoryMb)).toEqual([
      null,
      900.5,
      1000.25,
      1100.75,
      1200,
      null,
      1300.5,
      1310.25,
    ]);
    expect(await findDamage(file)).toBeNull();
    db.close();
    writer.close();
  });

  it('goes on in the application: no sample is lost, new ones come, and nothing is degraded', async () => {
    makeFile(thirtyDays());
    const app = await ApiProcess.start({ VS_METRICS_INTERVAL: '0.1', VS_DATA_DIR: folder.path });
    try {
      expect(await app.degraded()).toBeNull();
      expect(app.output).not.toMatch(/WARN|ERROR/);
      await eventually('new samples', async () => {
        const samples = await app.history('?minutes=10');
        return samples.some(({ gameMemoryMb }) => gameMemoryMb === null);
      });
      const { metrics } = await app.data<{ metrics: WireBucket[] }>(
        'metrics/history?minutes=43200&points=10000',
      );
      const before = metrics.filter(({ gameMemoryMb }) => gameMemoryMb === 4000.25);
      expect(before.length).toBeGreaterThan(8000);
      expect(before.every(({ gameMemoryMbMax }) => gameMemoryMbMax === 4100.5)).toBe(true);
      const lines = (await (await app.request('api/v1alpha1/metrics/export')).text()).split('\r\n');
      expect(lines.length).toBeGreaterThan(28 * 1440 + 17_000);
      expect(await app.end()).toBe(0);
    } finally {
      await app.end('SIGKILL');
    }
  });

  it('of 30 days is brought up to date in an instant', () => {
    makeFile(thirtyDays());
    const startMs = performance.now();
    const writer = new ArchiveWriter(file);
    console.log(`${DAYS} days at 10 s: brought up to date in ${(performance.now() - startMs).toFixed(0)} ms`);
    expect(writer.newest(1)).toHaveLength(1);
    writer.close();
  });

  it('that a SIGKILL meets in the middle is of the first version or of the second, 12 times in a row', async () => {
    makeFile(thirtyDays());
    const whole = readFileSync(file);
    expect(whole.length).toBeGreaterThan(1e6);
    const outcomes = { 1: 0, 2: 0 };
    let usualMs = 0;
    for (let round = 0; round < 12; round++) {
      // Each one anew: SQLite remembers files that this process had open.
      const copy = join(folder.path, `${round}.db`);
      writeFileSync(copy, whole);
      const child = spawn(process.execPath, ['--input-type=module', '-e', OPEN, copy]);
      // Both may come in one piece.
      let dots = 0;
      child.stdout.on('data', (chunk: Buffer) => (dots += chunk.length));
      const dotted = async (count: number) => {
        while (dots < count) await delay(1);
      };
      await dotted(1);
      const startMs = performance.now();
      // The first one is let through, to know how long it takes.
      if (round === 0) {
        await dotted(2);
        usualMs = performance.now() - startMs;
      } else await delay((1.3 * usualMs * round) / 11);
      child.kill('SIGKILL');
      await once(child, 'close');

      const db = openConnection(copy);
      const [{ user_version: version } = { user_version: 0 }] = db.pragma('user_version') as {
        user_version: 1 | 2;
      }[];
      const uncounted =
        'SELECT COUNT(*) FROM minute WHERE game_memory_mb IS NOT NULL AND game_memory_mb_count <> game_sample_count';
      expect([1, 2]).toContain(version);
      expect(columnsOf(db, 'minute').includes('game_memory_mb_count')).toBe(version === 2);
      // Of the fixture, one minute knows the memory of a game and its CPU not.
      if (version === 2) expect(db.prepare(uncounted).raw().get()).toEqual([1]);
      outcomes[version as 1 | 2]++;
      db.close();
      const writer = new ArchiveWriter(copy);
      expect(writer.newest(1)).toHaveLength(1);
      writer.close();
    }
    console.log(
      `killed in ${usualMs.toFixed(0)} ms: ${outcomes[1]} of the first version, ${outcomes[2]} of the second`,
    );
  });
});

describe('an archive without the table of events', () => {
  const EVENT: TimelineEvent = {
    timestamp: new Date('2026-11-24T00:00:00Z'),
    kind: 'game_ready',
    level: 'info',
    text: 'The game server is ready: players can join.',
    numbers: {},
  };

  it.each([
    ['the first version', false],
    ['the second', true],
  ])('of %s is sound, and gets it', async (_, isSecond) => {
    makeFile();
    if (isSecond) {
      new ArchiveWriter(file).close();
      const db = openConnection(file);
      db.exec('DROP TABLE event; PRAGMA wal_checkpoint(TRUNCATE)');
      db.close();
    }
    expect(await findDamage(file)).toBeNull();
    const writer = new ArchiveWriter(file);
    expect(writer.previousRun).toBeNull();
    writer.write([], [EVENT]);
    const db = openConnection(file);
    expect(versionOf(db)).toEqual([{ user_version: 2 }]);
    expect(new ArchiveReader(db).events(EVERYTHING, 10)).toEqual([EVENT]);
    expect(await findDamage(file)).toBeNull();
    db.close();
    writer.close();
  });
});

describe('an archive of this version that lacks a series', () => {
  it('gets its columns: what was sampled before does not know it', async () => {
    makeFile();
    new ArchiveWriter(file).close();
    const db = openConnection(file);
    for (const column of ['game_memory_mb', 'game_memory_mb_max', 'game_memory_mb_count'])
      db.exec(`ALTER TABLE minute DROP COLUMN ${column}`);
    db.exec('ALTER TABLE sample DROP COLUMN game_memory_mb; PRAGMA wal_checkpoint(TRUNCATE)');
    expect(await findDamage(file)).toBeNull();

    const writer = new ArchiveWriter(file);
    const [sample] = writer.newest(1);
    expect(sample).toMatchObject({ gameMemoryMb: null, gameCpuPercent: 110.5 });
    writer.write([{ ...(sample as NonNullable<typeof sample>), gameMemoryMb: 500 }]);
    expect(bucketsOf(db, MINUTE_MS).at(-1)).toMatchObject({
      gameMemoryMb: 500,
      gameCpuPercent: 113.92,
      sampleCount: 3,
    });
    db.close();
    writer.close();
  });
});
