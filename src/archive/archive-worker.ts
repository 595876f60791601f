import { parentPort, workerData } from 'node:worker_threads';
import { type ArchiveCalls, type CallMessage, type CallName, type ReplyMessage } from './archive-protocol.js';
import { ArchiveReader } from './archive-reader.js';
import { ArchiveUpkeep } from './archive-upkeep.js';
import { exportRows } from './export-format.js';
import { Retention } from './retention.js';
import { errorCode, openConnection } from './sqlite.js';

// The entry of the worker thread: whatever may take long or wait for the disk, so that the main thread need not.

/** Some 250 KB of text: of larger pieces the allocator kept more and more, on Node 24 190 MB after 1 GB. */
const EXPORT_PAGE_ROWS = 1000;
/** How long a step of upkeep waits for the main thread's transaction, which takes well under a millisecond. */
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
const upkeep = new ArchiveUpkeep(db);
const retention = new Retention(db, retentionDays);

const handlers: { [K in CallName]: (input: ArchiveCalls[K]['takes']) => ArchiveCalls[K]['gives'] } = {
  samples: ({ span, limit }) => {
    const samples = reader.samples(span, limit);
    return samples === null ? null : jsonList(samples);
  },
  buckets: ({ span, widthMs }) => jsonList(reader.buckets(span, widthMs)),
  exportPage: ({ span, after, format }) => {
    const { rows, next } = reader.page(span, after, EXPORT_PAGE_ROWS);
    return { text: encoder.encode(exportRows(rows, format, after === null)), next };
  },
  upkeep: (order) => ({ more: upkeep.step({ ...order, ...retention.due(Date.now()) }) }),
  close: () => {
    upkeep.finish();
    db.close();
    return null;
  },
};

port.on('message', (message: CallMessage) => {
  const reply = answer(message);
  port.postMessage(reply, transferables(reply));
  if (message.name === 'close') port.close();
});

function answer<K extends CallName>({ id, name, input }: CallMessage<K>): ReplyMessage {
  try {
    return { id, result: handlers[name](input) };
  } catch (error) {
    return { id, error: { message: (error as Error).message, code: errorCode(error) } };
  }
}

function jsonList(rows: readonly object[]) {
  return { json: encoder.encode(JSON.stringify(rows)), count: rows.length };
}

/** Text is handed over, not copied. */
function transferables(reply: ReplyMessage): ArrayBuffer[] {
  if (!('result' in reply) || reply.result === null) return [];
  if ('json' in reply.result) return [reply.result.json.buffer];
  return 'text' in reply.result ? [reply.result.text.buffer] : [];
}
