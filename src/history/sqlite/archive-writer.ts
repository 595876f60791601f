import { type MetricsSnapshot } from '../../metrics/index.js';
import { NEWEST_SAMPLES } from './archive-queries.js';
import { inTransaction, IS_TIME, markWal, MINUTE_MS, prepareSchema } from './schema.js';
import { type Connection, openConnection, type Statement } from './sqlite.js';

const INSERT_SAMPLE = `
INSERT INTO sample (time_ms, api_memory_mb, api_cpu_percent, game_memory_mb, game_cpu_percent)
VALUES (?1, ?2, ?3, ?4, ?5)`;

// A minute that the clock lives through twice gets one row with the samples of both. COALESCE: an operation
// with NULL is NULL, so while one side has no game server the other side's value holds. Of a game so young that
// its CPU is not known yet, the memory counts until another sample has both.
const ADD_TO_MINUTE = `
INSERT INTO minute (time_ms, sample_count, game_sample_count, api_memory_mb, api_memory_mb_max, api_cpu_percent,
  api_cpu_percent_max, game_memory_mb, game_memory_mb_max, game_cpu_percent, game_cpu_percent_max)
VALUES (?1, 1, ?5 IS NOT NULL, ?2, ?2, ?3, ?3, ?4, ?4, ?5, ?5)
ON CONFLICT (time_ms) DO UPDATE SET
  sample_count = sample_count + 1,
  game_sample_count = game_sample_count + excluded.game_sample_count,
  api_memory_mb = api_memory_mb + (excluded.api_memory_mb - api_memory_mb) / (sample_count + 1),
  api_memory_mb_max = MAX(api_memory_mb_max, excluded.api_memory_mb),
  api_cpu_percent = api_cpu_percent + (excluded.api_cpu_percent - api_cpu_percent) / (sample_count + 1),
  api_cpu_percent_max = MAX(api_cpu_percent_max, excluded.api_cpu_percent),
  game_memory_mb = CASE WHEN excluded.game_sample_count = 0 AND game_memory_mb IS NOT NULL THEN game_memory_mb ELSE COALESCE(
    game_memory_mb + (excluded.game_memory_mb - game_memory_mb) / (game_sample_count + 1),
    game_memory_mb, excluded.game_memory_mb) END,
  game_memory_mb_max = COALESCE(
    MAX(game_memory_mb_max, excluded.game_memory_mb), game_memory_mb_max, excluded.game_memory_mb),
  game_cpu_percent = COALESCE(
    game_cpu_percent + (excluded.game_cpu_percent - game_cpu_percent) / (game_sample_count + 1),
    game_cpu_percent, excluded.game_cpu_percent),
  game_cpu_percent_max = COALESCE(
    MAX(game_cpu_percent_max, excluded.game_cpu_percent), game_cpu_percent_max, excluded.game_cpu_percent)`;

type SampleRow = [number, number, number, number | null, number | null];

/**
 * The main thread's connection: it writes samples, and reads the newest ones at start. Calls are synchronous and
 * throw SQLite's errors; none waits for the disk (no checkpoints here) or for a lock.
 */
export class ArchiveWriter {
  private readonly db: Connection;
  private isMarkDue = false;
  private readonly insertSample: Statement;
  private readonly addToMinute: Statement;
  private readonly selectEarliest: Statement;

  constructor(file: string) {
    this.db = openConnection(file);
    try {
      prepareSchema(this.db);
      this.insertSample = this.db.prepare(INSERT_SAMPLE);
      this.addToMinute = this.db.prepare(ADD_TO_MINUTE);
      this.selectEarliest = this.db
        .prepare(`SELECT time_ms FROM minute WHERE ${IS_TIME} ORDER BY time_ms LIMIT 1`)
        .raw();
    } catch (error) {
      this.db.close();
      throw error;
    }
  }

  /** To be called after a checkpoint, behind which the WAL may begin anew: the next write marks it as this file's. */
  expectNewWal(): void {
    this.isMarkDue = true;
  }

  /** Writes samples, oldest first: all of them or none. */
  write(snapshots: readonly MetricsSnapshot[]): void {
    // A connection counts on from the first page as it read it last, so it has to read that again.
    if (this.isMarkDue) this.db.exec('PRAGMA shrink_memory');
    inTransaction(this.db, () => {
      for (const snapshot of snapshots) this.add(snapshot);
      if (this.isMarkDue) markWal(this.db);
    });
    this.isMarkDue = false;
  }

  /** The last samples written, at most `count`, oldest first. */
  newest(count: number): MetricsSnapshot[] {
    const rows = this.db.prepare(NEWEST_SAMPLES).raw().all(count) as SampleRow[];
    return rows.reverse().map(toSnapshot);
  }

  /** The latest time among all samples but the last `count` written, in ms; null when there are no others. */
  latestTimeBefore(count: number): number | null {
    const row = this.db
      .prepare(
        `SELECT time_ms FROM sample
         WHERE ${IS_TIME} AND id <= (SELECT id FROM sample ORDER BY id DESC LIMIT 1 OFFSET CAST(?1 AS INTEGER))
         ORDER BY time_ms DESC LIMIT 1`,
      )
      .raw()
      .get(count) as [number] | undefined;
    return row?.[0] ?? null;
  }

  /** The earliest time that the archive reaches back to, in ms; null while it is empty. */
  get earliestTime(): number | null {
    const row = this.selectEarliest.get() as [number] | undefined;
    return row?.[0] ?? null;
  }

  close(): void {
    this.db.close();
  }

  private add({ timestamp, ...series }: MetricsSnapshot): void {
    const timeMs = timestamp.getTime();
    const { apiMemoryMb, apiCpuPercent, gameMemoryMb, gameCpuPercent } = series;
    this.insertSample.run(timeMs, apiMemoryMb, apiCpuPercent, gameMemoryMb, gameCpuPercent);
    const minuteMs = Math.floor(timeMs / MINUTE_MS) * MINUTE_MS;
    this.addToMinute.run(minuteMs, apiMemoryMb, apiCpuPercent, gameMemoryMb, gameCpuPercent);
  }
}

function toSnapshot([timeMs, apiMemoryMb, apiCpuPercent, gameMemoryMb, gameCpuPercent]: SampleRow) {
  return Object.freeze({
    timestamp: new Date(timeMs),
    apiMemoryMb,
    apiCpuPercent,
    gameMemoryMb,
    gameCpuPercent,
  });
}
