import { type MetricsSnapshot } from '../../metrics/index.js';
import { steadyNowMs } from '../../process/clock.js';
import { type ArchiveWriter } from './archive-writer.js';
import { errorCode } from './sqlite.js';

/** How many samples are written in one turn of the event loop. */
const BATCH = 200;
/** How often a lock that another program holds is tried again, and for how long before that is a problem. */
const BUSY_RETRY_MS = 20;
const BUSY_PATIENCE_MS = 1000;

/**
 * Samples on their way to the file. Those that cannot be written yet wait in order, as many as the memory holds, and are
 * tried again.
 */
export class SampleQueue {
  private readonly waiting: MetricsSnapshot[] = [];
  private timer: NodeJS.Timeout | undefined;
  private busySinceMs: number | null = null;
  private isClosed = false;

  /** `retry` is called when it is time to try again. */
  constructor(
    private readonly capacity: number,
    private readonly retry: () => void,
  ) {}

  get length(): number {
    return this.waiting.length;
  }

  add(snapshot: MetricsSnapshot): void {
    this.waiting.push(snapshot);
    if (this.waiting.length > this.capacity) this.waiting.shift();
  }

  /** Writes the oldest of them; throws SQLite's error, and then all of them wait still. */
  write(writer: ArchiveWriter): void {
    const batch = this.waiting.slice(0, BATCH);
    if (batch.length > 0) writer.write(batch);
    this.busySinceMs = null;
    this.waiting.splice(0, batch.length);
  }

  /** Writes all of them, however long that takes. */
  writeAll(writer: ArchiveWriter): void {
    if (this.waiting.length > 0) writer.write(this.waiting);
    this.waiting.length = 0;
  }

  clear(): void {
    this.waiting.length = 0;
  }

  /** Tries again soon when an error is only a lock that is not held for long; says whether it does. */
  waitsFor(error: unknown): boolean {
    if (!errorCode(error).startsWith('SQLITE_BUSY')) return false;
    this.busySinceMs ??= steadyNowMs();
    if (steadyNowMs() - this.busySinceMs >= BUSY_PATIENCE_MS) return false;
    this.retryIn(BUSY_RETRY_MS);
    return true;
  }

  /** The last call counts. */
  retryIn(delayMs: number): void {
    clearTimeout(this.timer);
    if (!this.isClosed) this.timer = setTimeout(this.retry, delayMs).unref();
  }

  /** Does not try again until {@link retryIn} is called. */
  pause(): void {
    clearTimeout(this.timer);
  }

  /** Never tries again. */
  close(): void {
    this.isClosed = true;
    this.pause();
  }
}
