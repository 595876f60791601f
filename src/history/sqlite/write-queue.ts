import { type TimelineEvent } from '../../events/event.js';
import { type MetricsSnapshot } from '../../metrics/index.js';
import { steadyNowMs } from '../../process/clock.js';
import { type ArchiveWriter } from './archive-writer.js';
import { errorCode } from './sqlite.js';

/** How many samples, and how many events, are written in one turn of the event loop. */
const BATCH = 200;
/** How many events may wait; a sample waits as long as the memory holds it. */
const MAX_EVENTS = 1000;
/** How often a lock that another program holds is tried again, and for how long before that is a problem. */
const BUSY_RETRY_MS = 20;
const BUSY_PATIENCE_MS = 1000;

/**
 * Samples and events on their way to the file. Those that cannot be written yet wait in order, as many as the memory holds,
 * and are tried again.
 */
export class WriteQueue {
  private readonly samples: MetricsSnapshot[] = [];
  private readonly events: TimelineEvent[] = [];
  private timer: NodeJS.Timeout | undefined;
  private busySinceMs: number | null = null;
  private isClosed = false;

  /** `capacity`: how many samples may wait; `retry` is called when it is time to try again. */
  constructor(
    private readonly capacity: number,
    private readonly retry: () => void,
  ) {}

  get isEmpty(): boolean {
    return this.samples.length === 0 && this.events.length === 0;
  }

  addSample(snapshot: MetricsSnapshot): void {
    this.samples.push(snapshot);
    if (this.samples.length > this.capacity) this.samples.shift();
  }

  addEvent(event: TimelineEvent): void {
    this.events.push(event);
    if (this.events.length > MAX_EVENTS) this.events.shift();
  }

  /** Whether this event waits still. */
  holds(event: TimelineEvent): boolean {
    return this.events.includes(event);
  }

  /** Writes the oldest of them; throws SQLite's error, and then all of them wait still. */
  write(writer: ArchiveWriter): void {
    this.writeSome(writer, BATCH);
  }

  /** Writes all of them, however long that takes. */
  writeAll(writer: ArchiveWriter): void {
    this.writeSome(writer, Infinity);
  }

  clearSamples(): void {
    this.samples.length = 0;
  }

  /** What waits, in words. */
  describe(): string {
    return `${this.samples.length} samples and ${this.events.length} events`;
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

  private writeSome(writer: ArchiveWriter, most: number): void {
    const [samples, events] = [this.samples.slice(0, most), this.events.slice(0, most)];
    if (!this.isEmpty) writer.write(samples, events);
    this.busySinceMs = null;
    this.samples.splice(0, samples.length);
    this.events.splice(0, events.length);
  }
}
