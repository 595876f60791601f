import { type TimelineEvent } from '../../events/event.js';
import { type MetricsSnapshot } from '../../metrics/index.js';
import { SERIES_NAMES } from '../../metrics/series.js';
import { NEWEST_SAMPLES, PREVIOUS_RUN } from './archive-queries.js';
import { type SampleRow, toSnapshot } from './archive-rows.js';
import { eventValues } from './event-rows.js';
import { inTransaction, IS_TIME, markWal, MINUTE_MS, prepareSchema } from './schema.js';
import { eachSeries, SERIES_COLUMNS } from './series-columns.js';
import { type Connection, openConnection, type Statement } from './sqlite.js';

/** The place of a series among the parameters: the first one is the time. */
const parameter = (index: number) => `?${index + 2}`;

const INSERT_SAMPLE = `
INSERT INTO sample (time_ms, ${eachSeries(({ value }) => value)})
VALUES (?1, ${eachSeries((_, i) => parameter(i))})`;

const NULLABLE_SERIES = SERIES_COLUMNS.filter(({ isNullable }) => isNullable);

// A minute that the clock lives through twice gets one row with the samples of both. COALESCE: an operation with NULL is
// NULL, so while one side does not know a value the other side's holds.
const ADD_TO_MINUTE = `
INSERT INTO minute (time_ms, sample_count, ${[
  eachSeries(({ value, maximum }) => `${value}, ${maximum}`),
  ...NULLABLE_SERIES.map(({ count }) => count),
].join(', ')})
VALUES (?1, 1, ${eachSeries((_, i) => `${parameter(i)}, ${parameter(i)}`)}${SERIES_COLUMNS.map(
  ({ isNullable }, i) => (isNullable ? `, ${parameter(i)} IS NOT NULL` : ''),
).join('')})
ON CONFLICT (time_ms) DO UPDATE SET sample_count = sample_count + 1, ${eachSeries(
  ({ value, maximum, count, isNullable }) => {
    const mean = `${value} + (excluded.${value} - ${value}) / (${count} + 1)`;
    const larger = `MAX(${maximum}, excluded.${value})`;
    if (!isNullable) return `${value} = ${mean}, ${maximum} = ${larger}`;
    return `${value} = COALESCE(${mean}, ${value}, excluded.${value}),
      ${maximum} = COALESCE(${larger}, ${maximum}, excluded.${value}), ${count} = ${count} + excluded.${count}`;
  },
)}`;

const INSERT_EVENT = 'INSERT INTO event (time_ms, kind, level, text, numbers) VALUES (?1, ?2, ?3, ?4, ?5)';

/**
 * The main thread's connection: it writes samples and events, and reads the newest samples at start. Calls are synchronous and
 * throw SQLite's errors; none waits for the disk (no checkpoints here) or for a lock.
 */
export class ArchiveWriter {
  private readonly db: Connection;
  private isMarkDue = false;
  private readonly insertSample: Statement;
  private readonly addToMinute: Statement;
  private readonly insertEvent: Statement;
  private readonly selectEarliest: Statement;

  constructor(file: string) {
    this.db = openConnection(file);
    try {
      prepareSchema(this.db);
      this.insertSample = this.db.prepare(INSERT_SAMPLE);
      this.addToMinute = this.db.prepare(ADD_TO_MINUTE);
      this.insertEvent = this.db.prepare(INSERT_EVENT);
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

  /** Writes samples and events, both oldest first: all of them or none. */
  write(snapshots: readonly MetricsSnapshot[], events: readonly TimelineEvent[] = []): void {
    // A connection counts on from the first page as it read it last, so it has to read that again.
    if (this.isMarkDue) this.db.exec('PRAGMA shrink_memory');
    inTransaction(this.db, () => {
      for (const snapshot of snapshots) this.add(snapshot);
      for (const event of events) this.insertEvent.run(...eventValues(event));
      if (this.isMarkDue) markWal(this.db);
    });
    this.isMarkDue = false;
  }

  /** The last samples written, at most `count`, oldest first. */
  newest(count: number): MetricsSnapshot[] {
    const rows = this.db.prepare(NEWEST_SAMPLES).raw().all(count) as SampleRow[];
    return rows.reverse().map((row) => Object.freeze(toSnapshot(row)));
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

  /** Whether the run that wrote last has ended properly, and when it wrote last; null when no event tells of one. */
  get previousRun(): { readonly isDone: boolean; readonly aliveAtMs: number } | null {
    const row = this.db.prepare(PREVIOUS_RUN).raw().get() as [isDone: number, aliveAtMs: number] | undefined;
    return row === undefined ? null : { isDone: row[0] === 1, aliveAtMs: row[1] };
  }

  /** The earliest time that the archive reaches back to, in ms; null while it is empty. */
  get earliestTime(): number | null {
    const row = this.selectEarliest.get() as [number] | undefined;
    return row?.[0] ?? null;
  }

  close(): void {
    this.db.close();
  }

  private add(snapshot: MetricsSnapshot): void {
    const timeMs = snapshot.timestamp.getTime();
    const values = SERIES_NAMES.map((name) => snapshot[name]);
    this.insertSample.run(timeMs, ...values);
    this.addToMinute.run(Math.floor(timeMs / MINUTE_MS) * MINUTE_MS, ...values);
  }
}
