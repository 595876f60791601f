import { type Api, ApiError } from './api.js';
import { EventParser, type StreamEvent } from './event-parser.js';
import { type LiveEvent, type LiveListener } from './live-event.js';
import { type Sample, type TimelineEvent } from './wire.js';
import { KEEP_ALIVE_MS, SNAPSHOT_EVENT, TIMELINE_EVENT } from '../../http/contract.js';

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
/** The API says something more often; a connection that is silent for so long is dead. */
const SILENCE_MS = KEEP_ALIVE_MS + 25_000;

/** Follows the stream of samples and events until it is closed; comes back after a break, with growing pauses. */
export class LiveStream {
  private readonly closing = new AbortController();
  private pauseMs = FIRST_PAUSE_MS;
  private endPause: (() => void) | null = null;

  constructor(
    private readonly api: Api,
    private readonly tell: LiveListener,
  ) {}

  async follow(): Promise<void> {
    for (;;) {
      try {
        await this.readOnce();
        throw new ApiError(0, 'The API closed the connection.');
      } catch (error) {
        if (this.closing.signal.aborted) return;
        if (error instanceof ApiError && error.isKeyRefused) {
          this.tell({ type: 'refused', reason: error.message });
          return;
        }
        this.tell({ type: 'broken', retryInMs: this.pauseMs });
      }
      await new Promise<void>((resolve) => {
        this.endPause = resolve;
        setTimeout(resolve, this.pauseMs);
      });
      this.endPause = null;
      this.pauseMs = Math.min(2 * this.pauseMs, LONGEST_PAUSE_MS);
    }
  }

  /** Ends a pause before the next try: somebody waits for it. */
  hurry(): void {
    this.endPause?.();
  }

  close(): void {
    this.closing.abort();
    this.hurry();
  }

  private async readOnce(): Promise<void> {
    this.closing.signal.throwIfAborted();
    const connection = new AbortController();
    const abort = () => {
      connection.abort();
    };
    this.closing.signal.addEventListener('abort', abort);
    let silence = setTimeout(abort, SILENCE_MS);
    try {
      const response = await this.api.open('metrics/stream', { signal: connection.signal });
      if (response.body === null) return;
      this.tell({ type: 'connected' });
      this.pauseMs = FIRST_PAUSE_MS;
      const parser = new EventParser();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(silence);
        silence = setTimeout(abort, SILENCE_MS);
        const told = parser.push(value).flatMap(toLiveEvent);
        if (told.length === 0) this.tell({ type: 'alive' });
        for (const event of told) this.tell(event);
      }
    } finally {
      clearTimeout(silence);
      this.closing.signal.removeEventListener('abort', abort);
    }
  }
}

/** What the page wants to know of; a later API may send other things as well. */
function toLiveEvent({ type, data }: StreamEvent): LiveEvent[] {
  if (type === SNAPSHOT_EVENT) return [{ type: 'sample', sample: JSON.parse(data) as Sample }];
  if (type === TIMELINE_EVENT) return [{ type: 'event', event: JSON.parse(data) as TimelineEvent }];
  return [];
}
