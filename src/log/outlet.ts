import { steadyNowMs } from '../process/clock.js';

/** How much may wait while nothing can be written: some 2,000 lines. */
const MAX_WAITING_BYTES = 256 * 1024;
/** How often a write that was refused is tried again. */
const RETRY_MS = 200;
const FLUSH_POLL_MS = 20;

/** Tells, now or later, how much of a chunk was taken; a chunk may be taken in part, and none of it with an error. */
export type WriteSome = (
  chunk: Buffer,
  done: (error: NodeJS.ErrnoException | null, taken: number) => void,
) => void;

/**
 * A way out for log lines that never waits and never fails. What cannot be written now waits its turn; when too much
 * waits the lines that follow are lost, and how many is written as soon as anything can be.
 */
export class Outlet {
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  private linesLost = 0;
  private isWriting = false;
  private failure: string | null = null;
  private retryTimer: NodeJS.Timeout | null = null;

  constructor(private readonly writeSome: WriteSome) {}

  write(text: string): void {
    const chunk = Buffer.from(text);
    const isFull = this.waitingBytes > 0 && this.waitingBytes + chunk.length > MAX_WAITING_BYTES;
    // Once lines are missing those that follow have to stay behind the line that says so.
    if (isFull || this.linesLost > 0) this.linesLost += text.split('\n').length - 1;
    else this.add(chunk);
    if (this.retryTimer === null) this.pump();
  }

  /** Waits until all is written, for `timeoutMs` at most; not at all for what is refused for good, as it seems. */
  async flush(timeoutMs: number): Promise<void> {
    const deadlineMs = steadyNowMs() + timeoutMs;
    while (this.waitingBytes > 0 && steadyNowMs() < deadlineMs) {
      if (this.failure !== null && this.failure !== 'EAGAIN') return;
      await new Promise((resolve) => setTimeout(resolve, FLUSH_POLL_MS));
      this.pump();
    }
  }

  private add(chunk: Buffer): void {
    this.waiting.push(chunk);
    this.waitingBytes += chunk.length;
  }

  private pump(): void {
    if (this.isWriting || this.waitingBytes === 0) return;
    const chunk = Buffer.concat(this.waiting);
    this.waiting = [];
    this.isWriting = true;
    this.writeSome(chunk, (error, taken) => {
      this.isWriting = false;
      this.failure = error === null ? null : (error.code ?? error.message);
      this.waitingBytes -= taken;
      if (taken < chunk.length) this.waiting.unshift(chunk.subarray(taken));
      if (error !== null || taken === 0) this.retryLater();
      else this.goOn();
    });
  }

  private goOn(): void {
    if (this.waitingBytes === 0 && this.linesLost > 0) {
      this.add(Buffer.from(`(${this.linesLost} lines of this log are lost: it could not be written)\n`));
      this.linesLost = 0;
    }
    this.pump();
  }

  private retryLater(): void {
    this.retryTimer ??= setTimeout(() => {
      this.retryTimer = null;
      this.pump();
    }, RETRY_MS).unref();
  }
}
