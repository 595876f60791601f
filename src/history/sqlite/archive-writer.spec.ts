import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MetricsSnapshot } from '../../metrics/index.js';
import { ArchiveClient } from './archive-client.js';
import { ArchiveReader } from './archive-reader.js';
import { ArchiveMaintenance } from './archive-maintenance.js';
import { ArchiveWriter } from './archive-writer.js';
import { bucketsOf, type TimeSpan } from '../metrics-bucket.js';
import { type Pieces } from './piecework.js';
import { Retention } from './retention.js';
import { APPLICATION_ID, SCHEMA_VERSION } from './schema.js';
import { type Connection, errorCode, openConnection } from './sqlite.js';
import { UNKNOWN_VALUES } from '../../testing/unknown-values.js';

const T0 = Date.parse('2026-11-24T00:00:00Z');
const MINUTE_MS = 60_000;
const FOREVER = { fromMs: 0, toMs: Infinity };

let dir: string;
let file: string;
let writer: ArchiveWriter;
let db: Connection;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'vs-archive-'));
  file = join(dir, 'metrics.db');
  writer = new ArchiveWriter(file);
  db = openConnection(file);
});

afterEach(() => {
  db.close();
  writer.close();
  rmSync(dir, { recursive: true });
});

function sample(timeMs: number, value = 1, game: number | null = null): MetricsSnapshot {
  return {
    timestamp: new Date(timeMs),
    apiMemoryMb: value,
    apiCpuPercent: value / 4,
    ...UNKNOWN_VALUES,
    gameMemoryMb: game,
    gameCpuPercent: game === null ? null : game / 4,
  };
}

/** A sample every `stepMs`; the game is there in two hours of three. */
function series(count: number, stepMs: number, startMs = T0): MetricsSnapshot[] {
  return Array.from({ length: count }, (_, i) =>
    sample(
      startMs + i * stepMs,
      Math.round((100 + 50 * Math.sin(i)) * 100) / 100,
      Math.floor((i * stepMs) / 3_600_000) % 3 === 2 ? null : Math.round(1000 + 500 * Math.cos(i)),
    ),
  );
}

function rows(sql: string): unknown[] {
  return db.prepare(sql).raw().all();
}

describe('a new archive', () => {
  it('bears our mark and its version, and keeps times as whole milliseconds', () => {
    writer.write([sample(T0 + 123)]);
    expect(rows('PRAGMA application_id')).toEqual([[APPLICATION_ID]]);
    expect(rows('PRAGMA user_version')).toEqual([[SCHEMA_VERSION]]);
    expect(rows('SELECT id, time_ms, typeof(time_ms) FROM sample')).toEqual([[1, T0 + 123, 'integer']]);
    expect(rows('SELECT time_ms, typeof(time_ms) FROM minute')).toEqual([[T0, 'integer']]);
  });
});

describe('writing', () => {
  it('keeps mean, maximum and counts of each minute, with and without a game', () => {
    writer.write([sample(T0, 10), sample(T0 + 1, 40, 100), sample(T0 + 2, 10, 300), sample(T0 + 3, 20)]);
    const ofTheGame = ['memory_mb', 'cpu_percent'].map(
      (name) => `game_${name}, game_${name}_max, game_${name === 'memory_mb' ? name : 'sample'}_count`,
    );
    expect(
      rows(
        `SELECT id, time_ms, sample_count, api_memory_mb, api_memory_mb_max, api_cpu_percent, api_cpu_percent_max,
           ${ofTheGame.join(', ')} FROM minute`,
      ),
    ).toEqual([[1, T0, 4, 20, 40, 5, 10, 200, 300, 2, 50, 75, 2]]);
  });

  it('weighs no sample of a game whose CPU is not known yet in the mean of its CPU', () => {
    writer.write([{ ...sample(T0, 1, 1000), gameCpuPercent: null }]);
    const reader = new ArchiveReader(db);
    const span = { fromMs: T0, toMs: T0 + MINUTE_MS };
    for (const widthMs of [MINUTE_MS, 30_000]) {
      expect(whole(reader.buckets(span, widthMs))).toMatchObject([
        { gameMemoryMb: 1000, gameCpuPercent: null },
      ]);
    }
    writer.write([
      sample(T0 + 1, 1, 100),
      { ...sample(T0 + 2, 1, 900), gameCpuPercent: null },
      sample(T0 + 3, 1, 300),
    ]);
    for (const widthMs of [MINUTE_MS, 30_000]) {
      expect(whole(reader.buckets(span, widthMs))).toMatchObject([
        {
          gameMemoryMb: 575,
          gameCpuPercent: 50,
          gameMemoryMbMax: 1000,
          gameCpuPercentMax: 75,
          sampleCount: 4,
        },
      ]);
    }
  });

  it('writes all of a batch or nothing', () => {
    const bad = { ...sample(T0 + 1), apiMemoryMb: null as unknown as number };
    expect(() => {
      writer.write([sample(T0), bad]);
    }).toThrow(/NOT NULL/);
    expect(rows('SELECT COUNT(*) FROM sample')).toEqual([[0]]);
    expect(rows('SELECT COUNT(*) FROM minute')).toEqual([[0]]);
    writer.write([sample(T0 + 2)]);
    expect(rows('SELECT time_ms FROM sample')).toEqual([[T0 + 2]]);
  });

  it('gives back the newest samples in the order in which they were taken, whatever the clock said', () => {
    const taken = [sample(T0, 1), sample(T0 + 3_600_000, 2, 5), sample(T0 + 10, 3), sample(T0 + 20, 4)];
    writer.write(taken);
    expect(writer.newest(3)).toEqual(taken.slice(1));
    expect(writer.newest(10)).toEqual(taken);
    expect(writer.newest(3).every((snapshot) => Object.isFrozen(snapshot))).toBe(true);
  });

  it('knows the latest time among the samples before the newest ones', () => {
    writer.write([sample(T0), sample(T0 + 3_600_000), sample(T0 + 10), sample(T0 + 20)]);
    expect(writer.latestTimeBefore(0)).toBe(T0 + 3_600_000);
    expect(writer.latestTimeBefore(2)).toBe(T0 + 3_600_000);
    expect(writer.latestTimeBefore(3)).toBe(T0);
    expect(writer.latestTimeBefore(4)).toBeNull();
  });

  it('merges a minute that the clock lives through twice', () => {
    writer.write([sample(T0 + 1, 10), sample(T0 + 3_600_000, 5), sample(T0 + 2, 30)]);
    expect(rows('SELECT time_ms, sample_count, api_memory_mb FROM minute ORDER BY id')).toEqual([
      [T0, 2, 20],
      [T0 + 3_600_000, 1, 5],
    ]);
  });
});

describe('reading', () => {
  it('gives the samples of a span by time, and none when there are too many', () => {
    const reader = new ArchiveReader(db);
    const all = series(10, 1000);
    writer.write(all);
    expect(samples(reader, { fromMs: T0 + 2000, toMs: T0 + 5000 }, 3)).toEqual(all.slice(2, 5));
    expect(samples(reader, { fromMs: T0 + 2000, toMs: T0 + 5001 }, 3)).toBeNull();
  });

  it.each([7_000, MINUTE_MS, 20 * MINUTE_MS])('gives the same buckets of %d ms as memory', (widthMs) => {
    const reader = new ArchiveReader(db);
    const all = series(3000, 7_500);
    writer.write(all);
    const fromMs = T0 + 90 * MINUTE_MS;
    const wholeFromMs = Math.floor(fromMs / widthMs) * widthMs;
    const expected = bucketsOf(
      all.filter((snapshot) => snapshot.timestamp.getTime() >= wholeFromMs),
      widthMs,
    );
    const buckets = whole(reader.buckets({ fromMs, toMs: Infinity }, widthMs));
    expect(buckets.length).toBeGreaterThan(5);
    expect(buckets.some((bucket) => bucket.gameMemoryMb === null)).toBe(true);
    // A mean kept up to date one sample at a time differs from a sum in the last binary digits.
    expect(buckets.map((bucket) => ({ ...bucket, ...noMeans }))).toEqual(
      expected.map((bucket) => ({ ...bucket, ...noMeans })),
    );
    for (const [i, bucket] of buckets.entries()) {
      expect(bucket.apiMemoryMb).toBeCloseTo(expected[i]?.apiMemoryMb ?? NaN, 1);
      expect(bucket.gameMemoryMb ?? -1).toBeCloseTo(expected[i]?.gameMemoryMb ?? -1, 1);
    }
  });

  it('pages through all rows once and in order, also when more rows than a page have the same time', () => {
    const reader = new ArchiveReader(db);
    writer.write([...series(5, 1000), ...Array.from({ length: 7 }, (_, i) => sample(T0 + 2000, i))]);
    expect(exported(reader, 3)).toHaveLength(12);
    const times = exported(reader, 3).map((row) => row.timestamp.getTime());
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(exported(reader, 3)).toEqual(exported(reader, 100));
  });

  it('goes on with minutes where raw samples are no longer kept', () => {
    const reader = new ArchiveReader(db);
    const maintenance = new ArchiveMaintenance(db);
    const all = series(100, 10_000);
    writer.write(all);
    maintenance.step(order(T0 + 5.5 * MINUTE_MS, null));
    const rawFromMs = T0 + 5 * MINUTE_MS;
    expect(samples(reader, FOREVER, 1000)).toEqual(all.slice(30));

    const buckets = whole(reader.buckets({ fromMs: T0, toMs: Infinity }, 30_000));
    expect(buckets.reduce((sum, bucket) => sum + bucket.sampleCount, 0)).toBe(100);
    const page = exported(reader, 4);
    expect(page.filter((row) => row.timestamp.getTime() < rawFromMs).map((row) => row.sampleCount)).toEqual([
      6, 6, 6, 6, 6,
    ]);
    expect(page.filter((row) => row.timestamp.getTime() >= rawFromMs).map((row) => row.sampleCount)).toEqual(
      Array(70).fill(1),
    );
  });
});

describe('reading after the clock was wrong', () => {
  // Three hours of which only the last has its samples, and samples that a clock 2 h behind puts among the first.
  const all = series(1080, 10_000);
  const stray = [sample(T0 + 30 * MINUTE_MS + 1, 7), sample(T0 - 200 * MINUTE_MS, 7)];
  let reader: ArchiveReader;

  beforeEach(() => {
    writer.write(all);
    while (new ArchiveMaintenance(db).step(order(T0 + 120 * MINUTE_MS, null)));
    writer.write(stray);
    reader = new ArchiveReader(db);
  });

  it.each([1, 4, 7, 1000])('leaves nothing out of an export in pages of %d rows', (pageRows) => {
    const rows = exported(reader, pageRows);
    expect(rows.reduce((sum, row) => sum + row.sampleCount, 0)).toBe(1082);
    const times = rows.map((row) => row.timestamp.getTime());
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(rows.filter((row) => row.sampleCount === 1)).toHaveLength(361);
    expect(rows.find((row) => row.timestamp.getTime() === T0 + 30 * MINUTE_MS)?.sampleCount).toBe(7);
  });

  it('looks at nothing between what was recorded and a time that lies far off', () => {
    writer.write([sample(8e15)]);
    for (const widthMs of [7000, MINUTE_MS]) {
      const pieces = reader.buckets(FOREVER, widthMs);
      let count = 0;
      while (count < 1000 && pieces.next().done !== true) count++;
      expect(count).toBeLessThan(1000);
    }
  });

  it('gives the samples of minutes that have no row', () => {
    db.exec(`DELETE FROM minute WHERE time_ms % 180000 = 0`);
    const kept = exported(reader, 50).filter((row) => row.sampleCount === 1);
    expect(kept.filter((row) => row.timestamp.getTime() >= T0 + 120 * MINUTE_MS)).toHaveLength(360);
    expect(kept).toHaveLength(362);
  });

  it('begins and ends an export where it was asked to', () => {
    const span = { fromMs: T0 + 119.5 * MINUTE_MS, toMs: T0 + 120.5 * MINUTE_MS };
    expect(reader.page(span, null, 100).rows.map((row) => row.timestamp.getTime())).toEqual(
      [0, 1, 2].map((i) => T0 + 120 * MINUTE_MS + i * 10_000),
    );
    const inside = { fromMs: T0 + 120 * MINUTE_MS + 1, toMs: T0 + 121 * MINUTE_MS };
    expect(reader.page(inside, null, 100).rows).toHaveLength(5);
  });

  it.each([7_000, 8_000, 30_000])(
    'leaves nothing out of buckets of %d ms, and gives none twice',
    (widthMs) => {
      const buckets = whole(reader.buckets(FOREVER, widthMs));
      expect(buckets.reduce((sum, bucket) => sum + bucket.sampleCount, 0)).toBe(1082);
      const times = buckets.map((bucket) => bucket.timestamp.getTime());
      expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
    },
  );
});

describe('a bucket of several pieces', () => {
  it('has the means, maxima and counts of all', () => {
    const all = Array.from({ length: 500 }, (_, i) => sample(T0 + i * 60 * MINUTE_MS, i, i < 300 ? null : i));
    writer.write(all);
    const [bucket, ...more] = whole(new ArchiveReader(db).buckets(FOREVER, 1e6 * MINUTE_MS));
    expect(more).toEqual([]);
    expect(bucket).toMatchObject({
      apiMemoryMb: 249.5,
      apiMemoryMbMax: 499,
      gameMemoryMb: 399.5,
      gameMemoryMbMax: 499,
      sampleCount: 500,
    });
  });
});

describe('reading what damage left', () => {
  it.each(['time_ms', 'api_memory_mb', 'api_cpu_percent', 'game_memory_mb', 'game_cpu_percent'])(
    'leaves out rows whose %s is text that is no UTF-8, and does not abort',
    (column) => {
      writer.write(series(100, 10_000));
      for (const table of ['sample', 'minute']) {
        db.exec(`UPDATE ${table} SET ${column} = CAST(x'ff41fe' AS TEXT) || id WHERE id IN (1, 5, 17)`);
      }
      const reader = new ArchiveReader(db);
      expect(samples(reader, FOREVER, 1000)).toHaveLength(97);
      expect(writer.newest(200)).toHaveLength(97);
      expect(writer.latestTimeBefore(0)).not.toBeNull();
      expect(writer.earliestTime).not.toBeNull();
      expect(whole(reader.buckets(FOREVER, MINUTE_MS)).length).toBeGreaterThan(10);
      expect(whole(reader.buckets(FOREVER, 5000)).length).toBeGreaterThan(10);
      expect(exported(reader, 10).length).toBeGreaterThan(10);
      const maintenance = new ArchiveMaintenance(db);
      for (const beforeMs of [T0 + MINUTE_MS, T0 + 5 * MINUTE_MS])
        maintenance.step(order(beforeMs, beforeMs));
      expect(new Retention(db, 1).due(T0)).toEqual({ samplesBeforeMs: null, minutesBeforeMs: null });
    },
  );
});

describe('maintenance', () => {
  it('bounds the WAL, also when samples come during every checkpoint and no time is left after it', async () => {
    const client = new ArchiveClient(file, 30);
    let isOver = false;
    const write = async (snapshot: MetricsSnapshot): Promise<void> => {
      try {
        writer.write([snapshot]);
      } catch (error) {
        // As the service does: the sample waits while the worker has the lock.
        if (!errorCode(error).startsWith('SQLITE_BUSY')) throw error;
        await new Promise(setImmediate);
        await write(snapshot);
      }
    };
    const maintain = async () => {
      while (!isOver) await client.call('maintain', { checkpoint: true, untilMs: 0 });
    };
    const done = maintain();
    let written = 0;
    let hasGrown = false;
    let isEmptied = false;
    while (!isEmptied && (written < 20_000 || hasGrown)) {
      await write(sample(T0 + written * 100));
      written += 1;
      // By then a slow disk has some time.
      await (written < 20_000 ? new Promise(setImmediate) : new Promise((done) => setTimeout(done, 10)));
      // How far beyond 16 MiB it grows by then depends on the disk.
      const isLarge = statSync(`${file}-wal`).size > 16 * 1024 ** 2;
      isEmptied = hasGrown && !isLarge;
      hasGrown ||= isLarge;
    }
    isOver = true;
    await done;
    await client.close();
    // On a fast disk it may never grow that far.
    expect(isEmptied).toBe(hasGrown);
    expect(count('sample')).toBe(written);
  });

  it('deletes old rows in small steps, and whole minutes of samples', () => {
    const maintenance = new ArchiveMaintenance(db);
    writer.write(series(5000, 1000));
    const beforeMs = T0 + 60 * MINUTE_MS + 30_000;
    const counts = [5000];
    while (maintenance.step(order(beforeMs, null))) counts.push(count('sample'));
    counts.push(count('sample'));
    expect(counts.length).toBeGreaterThan(3);
    for (const [i, left] of counts.slice(1).entries())
      expect((counts[i] ?? 0) - left).toBeLessThanOrEqual(1000);
    expect(rows('SELECT MIN(time_ms) FROM sample')).toEqual([[T0 + 60 * MINUTE_MS]]);
    expect(count('minute')).toBe(84);
    expect(maintenance.step(order(beforeMs, null))).toBe(false);
  });

  it('gets past an interval in which a single minute has more rows than a step', () => {
    const maintenance = new ArchiveMaintenance(db);
    writer.write(series(3000, 10));
    writer.write([sample(T0 + 10 * MINUTE_MS)]);
    while (maintenance.step(order(T0 + 5 * MINUTE_MS, null)));
    expect(count('sample')).toBe(1);
  });

  it('deletes minutes past retention', () => {
    const maintenance = new ArchiveMaintenance(db);
    writer.write(series(3000, MINUTE_MS));
    while (maintenance.step(order(null, T0 + 2500 * MINUTE_MS)));
    expect(count('minute')).toBe(500);
    expect(count('sample')).toBe(3000);
  });

  it('changes nothing once its time is over', () => {
    const maintenance = new ArchiveMaintenance(db);
    writer.write(series(10, MINUTE_MS));
    expect(maintenance.step({ ...order(Infinity, Infinity), untilMs: 0 })).toBe(true);
    expect(count('sample')).toBe(10);
  });

  it('reuses the space of what it deleted: the file stops growing', () => {
    const maintenance = new ArchiveMaintenance(db);
    const keepMs = 120 * MINUTE_MS;
    const sizes: number[] = [];
    for (let hour = 0; hour < 12; hour++) {
      writer.write(series(3600, 1000, T0 + hour * 3_600_000));
      const beforeMs = T0 + (hour + 1) * 3_600_000 - keepMs;
      while (maintenance.step(order(beforeMs, beforeMs)));
      sizes.push((rows('PRAGMA page_count') as [number][])[0]?.[0] ?? 0);
    }
    expect(Math.max(...sizes.slice(6))).toBeLessThanOrEqual((sizes[3] ?? 0) * 1.1);
  });
});

const noMeans = { apiMemoryMb: 0, apiCpuPercent: 0, gameMemoryMb: 0, gameCpuPercent: 0 };

function order(samplesBeforeMs: number | null, minutesBeforeMs: number | null) {
  return { checkpoint: true, samplesBeforeMs, minutesBeforeMs, untilMs: Infinity };
}

function whole<T>(pieces: Pieces<T>): T {
  for (;;) {
    const { done, value } = pieces.next();
    if (done === true) return value;
  }
}

function samples(reader: ArchiveReader, span: TimeSpan, limit: number): MetricsSnapshot[] | null {
  const all: MetricsSnapshot[] = [];
  return whole(reader.samples(span, limit, (piece) => all.push(...piece))) ? all : null;
}

function count(table: 'sample' | 'minute'): number {
  return (rows(`SELECT COUNT(*) FROM ${table}`) as [number][])[0]?.[0] ?? NaN;
}

function exported(reader: ArchiveReader, pageRows: number) {
  let page = reader.page(FOREVER, null, pageRows);
  const all = [...page.rows];
  while (page.next !== null) {
    page = reader.page(FOREVER, page.next, pageRows);
    all.push(...page.rows);
  }
  return all;
}
