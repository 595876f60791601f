import { type TimelineEvent } from '../events/event.js';
import { type EventLog } from '../events/event-log.js';
import { type MetricsBuffer, type MetricsSnapshot } from '../metrics/index.js';
import { EVENT_FIELDS } from './event-fields.js';
import { type ExportFormat, exportHead, exportRows, exportTail } from './export-format.js';
import { type HistoryStore, type JsonList, type TextPieces } from './history-store.js';
import { BUCKET_FIELDS, bucketOfOne, bucketsOf, type TimeSpan } from './metrics-bucket.js';
import { snapshotJson } from './snapshot-json.js';

const encoder = new TextEncoder();

/** Answers from the samples in memory, whose JSON is made once each, and from the events of this run. */
export class MemoryStore implements HistoryStore {
  private whole: { readonly list: JsonList; readonly appended: number; readonly length: number } | null =
    null;

  constructor(
    private readonly buffer: MetricsBuffer,
    private readonly log: Pick<EventLog, 'newest'>,
  ) {}

  get earliestMs(): number | null {
    return this.buffer.getOldest()?.timestamp.getTime() ?? null;
  }

  /** All samples, in the order in which they were taken; made once for all who ask between two samples. */
  all(): JsonList {
    const { appended, length } = this.buffer;
    if (this.whole?.appended !== appended || this.whole.length !== length) {
      this.whole = { list: listOf(this.buffer.getAll()), appended, length };
    }
    return this.whole.list;
  }

  samples(span: TimeSpan, limit: number): Promise<JsonList | null> {
    const found = this.find(span);
    return Promise.resolve(found.length > limit ? null : listOf(found));
  }

  buckets(span: TimeSpan, widthMs: number): Promise<JsonList> {
    const fromMs = Math.floor(span.fromMs / widthMs) * widthMs;
    const buckets = bucketsOf(this.find({ ...span, fromMs }), widthMs);
    return Promise.resolve({ json: encoder.encode(JSON.stringify(buckets)), count: buckets.length });
  }

  export(span: TimeSpan, format: ExportFormat): Promise<TextPieces> {
    return Promise.resolve(file(BUCKET_FIELDS, this.find(span).map(bucketOfOne), format));
  }

  events(span: TimeSpan, limit: number): Promise<JsonList> {
    const newest = this.findEvents(span).reverse().slice(0, limit);
    return Promise.resolve({ json: encoder.encode(JSON.stringify(newest)), count: newest.length });
  }

  exportEvents(span: TimeSpan, format: ExportFormat): Promise<TextPieces> {
    return Promise.resolve(file(EVENT_FIELDS, this.findEvents(span), format));
  }

  private find({ fromMs, toMs }: TimeSpan): MetricsSnapshot[] {
    return this.buffer.since(new Date(fromMs)).filter(({ timestamp }) => timestamp.getTime() < toMs);
  }

  /** By time; the clock may have been set back between two. */
  private findEvents({ fromMs, toMs }: TimeSpan): TimelineEvent[] {
    const timeOf = ({ timestamp }: TimelineEvent) => timestamp.getTime();
    return this.log.newest
      .filter((event) => timeOf(event) >= fromMs && timeOf(event) < toMs)
      .sort((a, b) => timeOf(a) - timeOf(b));
  }
}

function listOf(snapshots: readonly MetricsSnapshot[]): JsonList {
  return { json: encoder.encode(`[${snapshots.map(snapshotJson).join(',')}]`), count: snapshots.length };
}

function file<T>(
  fields: readonly (keyof T & string)[],
  rows: readonly T[],
  format: ExportFormat,
): TextPieces {
  return inOrder([exportHead(fields, format), exportRows(fields, rows, format, true), exportTail(format)]);
}

// eslint-disable-next-line @typescript-eslint/require-await -- what is made at once is read like what is not
async function* inOrder(pieces: readonly string[]): AsyncGenerator<string, void, undefined> {
  yield* pieces;
}
