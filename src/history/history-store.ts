import { type ExportFormat } from './export-format.js';
import { type TimeSpan } from './metrics-bucket.js';

/** A JSON list as UTF-8. */
export interface JsonList {
  readonly json: Uint8Array<ArrayBuffer>;
  readonly count: number;
}

/** A file, piece by piece: the next one is made when it is asked for. */
export type TextPieces = AsyncIterable<Uint8Array | string>;

/**
 * Where the past is kept. A query whose signal says that nobody waits any more is dropped; with too many waiting it
 * rejects with {@link HistoryBusy}.
 */
export interface HistoryStore {
  /** The earliest time that can be asked for, in ms; null while there is none. */
  readonly earliestMs: number | null;

  /** Raw samples of a span; null when there are more than `limit`. */
  samples(span: TimeSpan, limit: number, signal: AbortSignal): Promise<JsonList | null>;

  /** Buckets of a span by time, whole ones: the first begins at or before the span. Those without samples are left out. */
  buckets(span: TimeSpan, widthMs: number, signal: AbortSignal): Promise<JsonList>;

  /** A span as a file; its first piece is made before this resolves. */
  export(span: TimeSpan, format: ExportFormat, signal: AbortSignal): Promise<TextPieces>;

  /** The newest events of a span, at most `limit`, newest first. */
  events(span: TimeSpan, limit: number, signal: AbortSignal): Promise<JsonList>;

  /** The events of a span as a file, oldest first; its first piece is made before this resolves. */
  exportEvents(span: TimeSpan, format: ExportFormat, signal: AbortSignal): Promise<TextPieces>;
}

/** Too many queries wait already. */
export class HistoryBusy extends Error {}
