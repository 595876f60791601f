import { type TimeSpan } from '../metrics-bucket.js';

/** Formats of an export. */
export type ExportFormat = 'csv' | 'json';

/** Where the next page of an export begins. */
export interface ExportCursor {
  readonly timeMs: number;
  /** Of the last sample given with that time. */
  readonly id: number;
  /** Up to there all raw samples are kept; when that is not after `timeMs`, it is still to be seen. */
  readonly keptToMs: number;
}

/** A JSON list as UTF-8, made in the worker, so that the main thread only has to send it. */
export interface JsonList {
  readonly json: Uint8Array<ArrayBuffer>;
  readonly count: number;
}

/** What the worker thread does for the main thread: the name of each call, what it takes and what it gives. */
export interface ArchiveCalls {
  /** Raw samples of a span, by time; null when there are more than `limit`. */
  samples: { takes: { span: TimeSpan; limit: number }; gives: JsonList | null };
  /** Buckets of a span, by time. */
  buckets: { takes: { span: TimeSpan; widthMs: number }; gives: JsonList };
  /** The next rows of an export, as text, and where to go on (null: that was all). */
  exportPage: {
    takes: { span: TimeSpan; after: ExportCursor | null; format: ExportFormat };
    gives: { text: Uint8Array<ArrayBuffer>; next: ExportCursor | null };
  };
  /**
   * One small step of upkeep, deletion by the rule of retention; what holds the write lock is left out if it would not end before `untilMs` (monotonic),
   * except to empty a WAL that has grown too large.
   */
  upkeep: { takes: Pick<UpkeepOrder, 'checkpoint' | 'untilMs'>; gives: { more: boolean } };
  /** Empties the WAL into the file and closes the connection. */
  close: { takes: null; gives: null };
}

/** Raw rows older than `samplesBeforeMs` go, minute rows older than `minutesBeforeMs`; null: none. */
export interface UpkeepOrder {
  /** Whether the WAL is moved into the file first. */
  readonly checkpoint: boolean;
  readonly samplesBeforeMs: number | null;
  readonly minutesBeforeMs: number | null;
  readonly untilMs: number;
}

/** The name of a call. */
export type CallName = keyof ArchiveCalls;

/** A call on its way to the worker. */
export interface CallMessage<K extends CallName = CallName> {
  readonly id: number;
  readonly name: K;
  readonly input: ArchiveCalls[K]['takes'];
}

/** Nobody waits for the answer to a call any more. */
export interface DropMessage {
  readonly id: number;
  readonly name: 'drop';
}

/** The file is given up: whatever waits is left undone. */
export interface LeaveMessage {
  readonly name: 'leave';
}

/** The answer to a call: a result, or an error with SQLite's code. */
export type ReplyMessage =
  | { readonly id: number; readonly result: ArchiveCalls[CallName]['gives'] }
  | { readonly id: number; readonly error: { readonly message: string; readonly code: string } };

/** The monotonic clock that all threads share, in ms. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
