import { type MetricsBuffer, type MetricsSnapshot } from '../metrics/index.js';
import { type ExportFormat, exportHead, exportRows, exportTail } from './export-format.js';
import { type HistoryStore, type JsonList, type TextPieces } from './history-store.js';
import { bucketOfOne, bucketsOf, type TimeSpan } from './metrics-bucket.js';
import { snapshotJson } from './snapshot-json.js';

const encoder = new TextEncoder();

/** Answers from the samples in memory, whose JSON is made once each. */
export class MemoryStore implements HistoryStore {
  private whole: { readonly list: JsonList; readonly appended: number; readonly length: number } | null =
    null;

  constructor(private readonly buffer: MetricsBuffer) {}

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
    const rows = exportRows(this.find(span).map(bucketOfOne), format, true);
    return Promise.resolve(inOrder([exportHead(format), rows, exportTail(format)]));
  }

  private find({ fromMs, toMs }: TimeSpan): MetricsSnapshot[] {
    return this.buffer.since(new Date(fromMs)).filter(({ timestamp }) => timestamp.getTime() < toMs);
  }
}

function listOf(snapshots: readonly MetricsSnapshot[]): JsonList {
  return { json: encoder.encode(`[${snapshots.map(snapshotJson).join(',')}]`), count: snapshots.length };
}

// eslint-disable-next-line @typescript-eslint/require-await -- what is made at once is read like what is not
async function* inOrder(pieces: readonly string[]): AsyncGenerator<string, void, undefined> {
  yield* pieces;
}
