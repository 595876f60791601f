import { type ExportFormat } from '../export-format.js';
import { type JsonList } from '../history-store.js';
import { type TimeSpan } from '../metrics-bucket.js';

/** Where the next page of an export begins. */
export interface ExportCursor {
  readonly timeMs: number;
  /** Of the last sample given with that time. */
  readonly id: number;
  /** Up to there all raw samples are kept; when that is not after `timeMs`, it is still to be seen. */
  readonly keptToMs: number;
}

/** Behind which event the next page of an export begins. */
export interface EventCursor {
  readonly timeMs: number;
  readonly id: number;
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
  /** The newest events of a span, at most `limit`, newest first. */
  events: { takes: { span: TimeSpan; limit: number }; gives: JsonList };
  /** The next events of an export, like `exportPage`. */
  eventPage: {
    takes: { span: TimeSpan; after: EventCursor | null; format: ExportFormat };
    gives: { text: Uint8Array<ArrayBuffer>; next: EventCursor | null };
  };
  /**
   * One small step of the maintenance, deletion by the rule of retention; what holds the write lock is left out if it would not end before `untilMs` (monotonic),
   * except to empty a WAL that has grown too large.
   */
  maintain: { takes: Pick<MaintenanceOrder, 'checkpoint' | 'untilMs'>; gives: { more: boolean } };
  /** Empties the WAL into the file and closes the connection. */
  close: { takes: null; gives: null };
}

/** Raw rows older than `samplesBeforeMs` go, minute rows and events older than `minutesBeforeMs`; null: none. */
export interface MaintenanceOrder {
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
