import { parentPort, workerData } from 'node:worker_threads';
import {
  type ArchiveCalls,
  type CallMessage,
  type CallName,
  type DropMessage,
  type LeaveMessage,
  type ReplyMessage,
} from './archive-protocol.js';
import { ArchiveReader } from './archive-reader.js';
import { ArchiveMaintenance } from './archive-maintenance.js';
import { EVENT_FIELDS } from '../event-fields.js';
import { exportRows } from '../export-format.js';
import { BUCKET_FIELDS } from '../metrics-bucket.js';
import { inOnePiece, Piecework, type Turn } from './piecework.js';
import { Retention } from './retention.js';
import { errorCode, openConnection } from './sqlite.js';

// The entry of the worker thread: whatever may take long or wait for the disk, so that the main thread need not.

/** Some 250 KB of text: of larger pieces the allocator kept more and more, on Node 24 190 MB after 1 GB. */
const EXPORT_PAGE_ROWS = 1000;
/** How long a step of the maintenance waits for the main thread's transaction, which takes well under a millisecond. */
const BUSY_TIMEOUT_MS = 1000;

const port = parentPort;
if (port === null) throw new Error('This file is the entry of a worker thread.');

const encoder = new TextEncoder();
const { file, retentionDays } = workerData as { file: string; retentionDays: number };
const db = openConnection(file);
db.exec(
  `PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0`,
);
const reader = new ArchiveReader(db);
const maintenance = new ArchiveMaintenance(db);
const retention = new Retention(db, retentionDays);

type Handlers = {
  [K in CallName]: (
    input: ArchiveCalls[K]['takes'],
  ) => Iterator<undefined, ArchiveCalls[K]['gives'], undefined>;
};

const handlers: Handlers = {
  *samples({ span, limit }) {
    const texts: Uint8Array[] = [];
    let count = 0;
    const areAll = yield* reader.samples(span, limit, (piece) => {
      texts.push(
        encoder.encode(`${count > 0 && piece.length > 0 ? ',' : ''}${JSON.stringify(piece).slice(1, -1)}`),
      );
      count += piece.length;
    });
    return areAll ? { json: joined([encoder.encode('['), ...texts, encoder.encode(']')]), count } : null;
  },
  *buckets({ span, widthMs }) {
    const buckets = yield* reader.buckets(span, widthMs);
    return { json: encoder.encode(JSON.stringify(buckets)), count: buckets.length };
  },
  exportPage: ({ span, after, format }) =>
    inOnePiece(() => {
      const { rows, next } = reader.page(span, after, EXPORT_PAGE_ROWS);
      return { text: encoder.encode(exportRows(BUCKET_FIELDS, rows, format, after === null)), next };
    }),
  events: ({ span, limit }) =>
    inOnePiece(() => {
      const events = reader.events(span, limit);
      return { json: encoder.encode(JSON.stringify(events)), count: events.length };
    }),
  eventPage: ({ span, after, format }) =>
    inOnePiece(() => {
      const { events, next } = reader.eventsAfter(span, after, EXPORT_PAGE_ROWS);
      return { text: encoder.encode(exportRows(EVENT_FIELDS, events, format, after === null)), next };
    }),
  maintain: (order) =>
    inOnePiece(() => ({ more: maintenance.step({ ...order, ...retention.due(Date.now()) }) })),
  close: () =>
    inOnePiece(() => {
      maintenance.finish();
      db.close();
      return null;
    }),
};

/** The maintenance has little time, and an export as much as it takes. */
const TURNS: Record<CallName, Turn> = {
  samples: 'soon',
  buckets: 'soon',
  exportPage: 'last',
  events: 'soon',
  eventPage: 'last',
  maintain: 'first',
  close: 'first',
};

const work = new Piecework((id, result) => {
  const reply = replyOf(id, result as () => ArchiveCalls[CallName]['gives']);
  port.postMessage(reply, transferables(reply));
});
let isWorking = false;
let isClosed = false;
let hasLeft = false;

port.on('message', (message: CallMessage | DropMessage | LeaveMessage) => {
  if (message.name === 'leave') {
    hasLeft = true;
    port.close();
    return;
  }
  if (message.name === 'drop') {
    work.drop(message.id);
    return;
  }
  if (message.name === 'close') isClosed = true;
  work.add(message.id, TURNS[message.name], piecesOf(message));
  if (!isWorking) proceed();
});

/** A piece, and then a turn of the event loop: what has come or was dropped meanwhile counts at once. */
function proceed(): void {
  if (hasLeft) return;
  isWorking = work.step();
  if (isClosed) port?.close();
  else if (isWorking) setImmediate(proceed);
}

function piecesOf<K extends CallName>({ name, input }: CallMessage<K>) {
  return handlers[name](input);
}

function replyOf(id: number, result: () => ArchiveCalls[CallName]['gives']): ReplyMessage {
  try {
    return { id, result: result() };
  } catch (error) {
    return { id, error: { message: (error as Error).message, code: errorCode(error) } };
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Text is handed over, not copied. */
function transferables(reply: ReplyMessage): ArrayBuffer[] {
  if (!('result' in reply) || reply.result === null) return [];
  if ('json' in reply.result) return [reply.result.json.buffer];
  return 'text' in reply.result ? [reply.result.text.buffer] : [];
}
