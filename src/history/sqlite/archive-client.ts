import { Worker } from 'node:worker_threads';
import { HistoryBusy } from '../history-store.js';
import {
  type ArchiveCalls,
  type CallMessage,
  type CallName,
  type DropMessage,
  type LeaveMessage,
  type ReplyMessage,
} from './archive-protocol.js';
import { errorCode, isDamage } from './sqlite.js';

/** The built worker; when this file is run as TypeScript (Jest compiles in memory), the one that the build made. */
const WORKER_URL = import.meta.url.endsWith('.ts')
  ? new URL('../../../build/history/sqlite/archive-worker.js', import.meta.url)
  : new URL('./archive-worker.js', import.meta.url);

interface Waiting {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
  readonly settled: () => void;
}

/** How many queries may wait: those are answered within seconds, and more are refused. */
const MAX_WAITING = 64;

/** Calls into the archive's worker thread, which is started with the first call, and anew when it has died. */
export class ArchiveClient {
  private worker: Worker | null = null;
  private readonly waiting = new Map<number, Waiting>();
  private lastId = 0;

  /** `retentionDays`: how many days minute rows are kept; `damaged` is told when the file shows to be damaged. */
  constructor(
    private readonly file: string,
    private readonly retentionDays: number,
    private readonly damaged: (problem: Error) => void = () => undefined,
  ) {}

  /** Like {@link call}, for somebody who may go or be sent away: rejects with {@link HistoryBusy} when too many wait. */
  ask<K extends CallName>(
    name: K,
    input: ArchiveCalls[K]['takes'],
    signal: AbortSignal,
  ): Promise<ArchiveCalls[K]['gives']> {
    if (this.waiting.size >= MAX_WAITING) return Promise.reject(new HistoryBusy());
    return this.call(name, input, signal);
  }

  /** Rejects with the worker's error, which has SQLite's code, or with the signal's reason. */
  call<K extends CallName>(
    name: K,
    input: ArchiveCalls[K]['takes'],
    signal?: AbortSignal,
  ): Promise<ArchiveCalls[K]['gives']> {
    const worker = (this.worker ??= this.start());
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const drop = () => {
        worker.postMessage({ id, name: 'drop' } satisfies DropMessage);
        this.waiting.delete(id);
        reject(signal?.reason as Error);
      };
      const settled = () => signal?.removeEventListener('abort', drop);
      signal?.addEventListener('abort', drop);
      this.waiting.set(id, { resolve, reject, settled });
      worker.postMessage({ id, name, input } satisfies CallMessage<K>);
    });
  }

  /** Has the worker empty the WAL into the file, and waits for its end; rejects when the file cannot be written. */
  async close(): Promise<void> {
    const closing = this.call('close', null);
    const { worker } = this;
    worker?.ref();
    try {
      await closing;
    } finally {
      if (worker !== null && this.worker === worker) await untilExit(worker);
    }
  }

  /**
   * Ends the worker without any further access to the file, once it is through with the piece that it is at: a thread that
   * is terminated inside of SQLite takes the whole process with it.
   */
  async leave(): Promise<void> {
    const { worker } = this;
    if (worker === null) return;
    worker.postMessage({ name: 'leave' } satisfies LeaveMessage);
    await untilExit(worker);
  }

  private start(): Worker {
    // Not the parent's flags: those of a test runner or an inspector are not meant for this thread.
    const { file, retentionDays } = this;
    const worker = new Worker(WORKER_URL, { workerData: { file, retentionDays }, execArgv: [] });
    // It has nothing to do on its own, so it keeps no process alive.
    worker.unref();
    let failure = new Error('The archive worker has ended.');
    worker.on('message', (reply: ReplyMessage) => {
      this.settle(reply);
    });
    worker.on('error', (error: unknown) => {
      // An error of SQLite comes from the thread as its code alone.
      failure = error instanceof Error ? error : Object.assign(failure, { code: errorCode(error) });
    });
    worker.on('exit', () => {
      if (this.worker === worker) this.worker = null;
      for (const { reject, settled } of this.waiting.values()) {
        settled();
        reject(failure);
      }
      this.waiting.clear();
    });
    return worker;
  }

  private settle(reply: ReplyMessage): void {
    const waiting = this.waiting.get(reply.id);
    this.waiting.delete(reply.id);
    waiting?.settled();
    if ('error' in reply) {
      const error = Object.assign(new Error(reply.error.message), reply.error);
      waiting?.reject(error);
      if (isDamage(error)) this.damaged(error);
    } else waiting?.resolve(reply.result as never);
  }
}

/** In whatever way: `once` would reject for a thread that fails. */
function untilExit(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    worker.once('exit', () => {
      resolve();
    });
  });
}
