import { type Api, ApiError } from './api.js';
import { EventParser } from './event-parser.js';
import { type Sample } from './wire.js';

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
/** The API sends at least a comment every 15 s; a connection that is silent for longer is dead. */
const SILENCE_MS = 40_000;

/** What the stream tells the page. */
export interface LiveListener {
  /** Called at each connection, before its first sample: what was missed has to be asked for from here on. */
  onConnected(): void;
  onSample(sample: Sample): void;
  /** `retryAt`: a reading of performance.now(). */
  onBroken(retryAt: number): void;
  onKeyRefused(reason: string): void;
}

/** Follows the stream of samples until it is closed; comes back after a break, with growing pauses. */
export class LiveStream {
  private readonly closing = new AbortController();
  private pauseMs = FIRST_PAUSE_MS;

  constructor(
    private readonly api: Api,
    private readonly lastEventId: () => string | null,
    private readonly listener: LiveListener,
  ) {}

  async follow(): Promise<void> {
    for (;;) {
      try {
        await this.readOnce();
        throw new ApiError(0, 'The API closed the connection.');
      } catch (error) {
        if (this.closing.signal.aborted) return;
        if (error instanceof ApiError && error.isKeyRefused) {
          this.listener.onKeyRefused(error.message);
          return;
        }
        this.listener.onBroken(performance.now() + this.pauseMs);
      }
      await new Promise((done) => setTimeout(done, this.pauseMs));
      this.pauseMs = Math.min(2 * this.pauseMs, LONGEST_PAUSE_MS);
    }
  }

  close(): void {
    this.closing.abort();
  }

  private async readOnce(): Promise<void> {
    this.closing.signal.throwIfAborted();
    const id = this.lastEventId();
    const connection = new AbortController();
    const abort = () => {
      connection.abort();
    };
    this.closing.signal.addEventListener('abort', abort);
    let silence = setTimeout(abort, SILENCE_MS);
    try {
      const response = await this.api.open('metrics/stream', {
        headers: id === null ? {} : { 'last-event-id': id },
        signal: connection.signal,
      });
      if (response.body === null) return;
      this.listener.onConnected();
      this.pauseMs = FIRST_PAUSE_MS;
      const parser = new EventParser();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(silence);
        silence = setTimeout(abort, SILENCE_MS);
        for (const event of parser.push(value)) {
          if (event.type === 'snapshot') this.listener.onSample(JSON.parse(event.data) as Sample);
        }
      }
    } finally {
      clearTimeout(silence);
      this.closing.signal.removeEventListener('abort', abort);
    }
  }
}
