import { type TimelineEvent } from '../../events/event.js';
import { type MetricsSnapshot } from '../../metrics/index.js';
import { type EventCursor, type ExportCursor } from './archive-protocol.js';
import * as sql from './archive-queries.js';
import {
  addSums,
  type MinuteRow,
  type SampleRow,
  sumsToBucket,
  type SumsRow,
  toMinute,
  toSingle,
  toSnapshot,
} from './archive-rows.js';
import { type EventRow, toEvent } from './event-rows.js';
import { type MetricsBucket, type TimeSpan } from '../metrics-bucket.js';
import { type Pieces } from './piecework.js';
import { MAX_TIME_MS, MINUTE_MS } from './schema.js';
import { type Connection, type Statement } from './sqlite.js';

/** How much of the time axis a query of buckets reads at once: some 10,000 minute rows, or 36,000 samples every 0.1 s. */
const PIECE_MS = { minutes: 10_000 * MINUTE_MS, samples: 60 * MINUTE_MS };
const SAMPLES_A_PIECE = 5000;
/** For how many minutes an export asks at once whether their samples are kept. */
const MINUTES_A_LOOK = 100;

/** Queries of the archive, for a connection of a thread that may be held. Rows that damage made unreadable are left out. */
export class ArchiveReader {
  private readonly reach: Statement;
  private readonly nextTime: Statement;
  private readonly countSamples: Statement;
  private readonly minuteBuckets: Statement;
  private readonly sampleBuckets: Statement;
  private readonly samplePage: Statement;
  private readonly minutePage: Statement;
  private readonly newestEvents: Statement;
  private readonly eventPage: Statement;

  constructor(db: Connection) {
    this.reach = db.prepare(sql.REACH).raw();
    this.nextTime = db.prepare(sql.NEXT_TIME).raw();
    this.countSamples = db.prepare(sql.COUNT_SAMPLES).raw();
    this.minuteBuckets = db.prepare(sql.MINUTE_BUCKETS).raw();
    this.sampleBuckets = db.prepare(sql.SAMPLE_BUCKETS).raw();
    this.samplePage = db.prepare(sql.SAMPLE_PAGE).raw();
    this.minutePage = db.prepare(sql.MINUTE_PAGE).raw();
    this.newestEvents = db.prepare(sql.NEWEST_EVENTS).raw();
    this.eventPage = db.prepare(sql.EVENT_PAGE).raw();
  }

  /** Raw samples of a span by time, each piece given to `take`; false, with none given, when there are more than `limit`. */
  *samples(span: TimeSpan, limit: number, take: (piece: MetricsSnapshot[]) => void): Pieces<boolean> {
    const { fromMs, toMs } = inDates(span);
    const [count] = this.countSamples.get(fromMs, toMs, limit + 1) as [number];
    if (count > limit) return false;
    let [atMs, afterId] = [fromMs, -1];
    for (;;) {
      const rows = this.samplePage.all(atMs, toMs, afterId, SAMPLES_A_PIECE) as SampleRow[];
      take(rows.map(toSnapshot));
      const last = rows.at(-1);
      if (last === undefined || rows.length < SAMPLES_A_PIECE || !isBehind(last, atMs, afterId)) return true;
      [atMs, afterId] = [last[0], last[1]];
      yield;
    }
  }

  /**
   * Buckets of a span by time, whole ones: the first begins at or before the span. From minute rows when the buckets
   * are whole minutes, and for minutes of which not all samples are kept.
   */
  *buckets({ fromMs, toMs }: TimeSpan, widthMs: number): Pieces<MetricsBucket[]> {
    const [firstMinuteMs, lastMinuteMs, firstSampleMs, lastSampleMs] = this.reach.get() as (number | null)[];
    const table = widthMs % MINUTE_MS === 0 ? 'minutes' : 'samples';
    const statement = table === 'minutes' ? this.minuteBuckets : this.sampleBuckets;
    const startMs = Math.max(
      Math.floor(fromMs / widthMs) * widthMs,
      Math.min(firstMinuteMs ?? Infinity, firstSampleMs ?? Infinity),
    );
    const endMs = Math.min(toMs, Math.max(lastMinuteMs ?? -Infinity, lastSampleMs ?? -Infinity) + 1);
    const sums: SumsRow[] = [];
    let atMs = startMs;
    while (atMs < endMs) {
      const toPieceMs = Math.min(endMs, atMs + PIECE_MS[table]);
      for (const row of statement.all(atMs, toPieceMs, widthMs) as SumsRow[]) addSums(sums, row);
      // A time that a wrong clock or damage gave may lie millions of years off: nothing in between is looked through.
      atMs = (this.nextTime.get(toPieceMs) as [number | null])[0] ?? Infinity;
      yield;
    }
    return sums.map((row) => sumsToBucket(row, widthMs));
  }

  /** The next rows of an export: raw samples of those minutes of which all are kept, the minute's row of others. */
  page(
    span: TimeSpan,
    after: ExportCursor | null,
    limit: number,
  ): { rows: MetricsBucket[]; next: ExportCursor | null } {
    const rows: MetricsBucket[] = [];
    const inside = inDates(span);
    let at: ExportCursor | null = after ?? { timeMs: startOfMinute(inside.fromMs), id: -1, keptToMs: 0 };
    while (at !== null && rows.length < limit) {
      const left = limit - rows.length;
      at =
        at.timeMs < at.keptToMs
          ? this.addSamples(rows, inside, at, left)
          : this.addMinutes(rows, inside, at, left);
    }
    return { rows, next: at };
  }

  /** The newest events of a span, at most `limit`, newest first. */
  events(span: TimeSpan, limit: number): TimelineEvent[] {
    const { fromMs, toMs } = inDates(span);
    return (this.newestEvents.all(fromMs, toMs, limit) as EventRow[]).flatMap(toEvent);
  }

  /** The next events of an export, oldest first. */
  eventsAfter(
    span: TimeSpan,
    after: EventCursor | null,
    limit: number,
  ): { events: TimelineEvent[]; next: EventCursor | null } {
    const { fromMs, toMs } = inDates(span);
    const { timeMs, id } = after ?? { timeMs: fromMs, id: -1 };
    const rows = this.eventPage.all(timeMs, toMs, id, limit) as EventRow[];
    const last = rows.at(-1);
    const isAll = last === undefined || rows.length < limit || !isBehind(last, timeMs, id);
    return { events: rows.flatMap(toEvent), next: isAll ? null : { timeMs: last[0], id: last[1] } };
  }

  private addSamples(rows: MetricsBucket[], span: TimeSpan, at: ExportCursor, limit: number): ExportCursor {
    const [fromMs, toMs] = [Math.max(at.timeMs, span.fromMs), Math.min(at.keptToMs, span.toMs)];
    const samples = this.samplePage.all(fromMs, toMs, at.id, limit) as SampleRow[];
    rows.push(...samples.map(toSingle));
    const last = samples.at(-1);
    const isAll = last === undefined || samples.length < limit || !isBehind(last, fromMs, at.id);
    if (isAll) return { timeMs: at.keptToMs, id: -1, keptToMs: 0 };
    return { timeMs: last[0], id: last[1], keptToMs: at.keptToMs };
  }

  /** Minutes up to where samples are kept; null at the end of the span. */
  private addMinutes(
    rows: MetricsBucket[],
    span: TimeSpan,
    at: ExportCursor,
    limit: number,
  ): ExportCursor | null {
    if (at.timeMs >= span.toMs) return null;
    const lookAt = Math.min(limit, MINUTES_A_LOOK);
    const found = this.minutePage.all(at.timeMs, span.toMs, lookAt) as MinuteRow[];
    // An index that damage has parted from its table gives rows of other times, which would lead back here for ever.
    const minutes = found.filter(([timeMs]) => timeMs >= at.timeMs);
    let endMs = at.timeMs;
    for (const row of minutes) {
      // Also of a minute that has no row all samples are given.
      if (isKept(row) || this.hasSamples(endMs, row[0])) break;
      if (row[0] >= span.fromMs) rows.push(toMinute(row));
      endMs = row[0] + MINUTE_MS;
    }
    if (endMs > at.timeMs) return { timeMs: endMs, id: -1, keptToMs: 0 };
    const nextMs = minutes.find((row) => !isKept(row) && row[0] > at.timeMs)?.[0];
    const last = found.length < lookAt ? undefined : minutes.at(-1);
    const lastMs = last === undefined ? span.toMs : last[0] + MINUTE_MS;
    return { timeMs: at.timeMs, id: -1, keptToMs: nextMs ?? lastMs };
  }

  private hasSamples(fromMs: number, toMs: number): boolean {
    const [count] = this.countSamples.get(fromMs, toMs, 1) as [number];
    return count > 0;
  }
}

/** The part that a Date can hold, so that neither damage nor an endless span gives another. */
function inDates({ fromMs, toMs }: TimeSpan): TimeSpan {
  return { fromMs: Math.max(0, fromMs), toMs: Math.min(MAX_TIME_MS, toMs) };
}

/** Whether a row comes behind a place in the order of time and id, as one that was asked for does in a sound file. */
function isBehind([timeMs, id]: SampleRow | EventRow, placeMs: number, placeId: number): boolean {
  return timeMs > placeMs || (timeMs === placeMs && id > placeId);
}

function isKept(row: MinuteRow): boolean {
  return row[2] === 1;
}

function startOfMinute(timeMs: number): number {
  return Math.floor(timeMs / MINUTE_MS) * MINUTE_MS;
}
