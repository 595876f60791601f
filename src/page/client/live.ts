import { type Api } from './api.js';
import { type LiveEvent, type LiveListener } from './live-event.js';
import { LiveStream } from './live-stream.js';
import { type Dropped } from './shared-stream.js';
import { type TabMessage } from './stream-worker.js';

/** Part of the worker's name: a page after an upgrade that speaks otherwise starts one of its own. */
const VERSION = '2';
/** A worker answers at once when it runs at all. */
const FIRST_ANSWER_MS = 10_000;
/** It says something at least every 40 s, and more often while the API is there. */
const SILENCE_MS = 60_000;

/**
 * Follows the samples and events until `closing`: by the one stream of all tabs, which a shared worker reads, or by one of its own
 * where that is not to be had (Chrome on Android). Web Locks, by which tabs could choose one of them, are missing on
 * pages that come over plain HTTP.
 */
export function followStream(api: Api, tell: LiveListener, closing: AbortSignal): void {
  if (typeof SharedWorker === 'undefined') followAlone(api, tell, closing);
  else new SharedFollower(api, tell, closing).attach();
}

/** Lets go of the stream while the page is hidden, so that hidden tabs take no connection from those that are seen. */
function followAlone(api: Api, tell: LiveListener, closing: AbortSignal): void {
  let stream: LiveStream | null = null;
  const update = () => {
    const isWanted = document.visibilityState === 'visible' && !closing.aborted;
    if (isWanted === (stream !== null)) return;
    stream?.close();
    stream = isWanted ? new LiveStream(api, tell) : null;
    if (stream !== null) void stream.follow();
    else if (!closing.aborted) tell({ type: 'broken', retryInMs: 0 });
  };
  document.addEventListener('visibilitychange', update, { signal: closing });
  closing.addEventListener('abort', update);
  update();
}

class SharedFollower {
  private port: MessagePort | null = null;
  private silence: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly api: Api,
    private readonly tell: LiveListener,
    private readonly closing: AbortSignal,
  ) {
    closing.addEventListener('abort', () => {
      this.detach();
    });
    // A page that is kept for the Back button hears nothing.
    addEventListener(
      'pagehide',
      () => {
        this.detach();
      },
      { signal: closing },
    );
    addEventListener(
      'pageshow',
      ({ persisted }) => {
        if (persisted) this.attachAnew();
      },
      { signal: closing },
    );
  }

  attach(): void {
    let worker: SharedWorker;
    try {
      worker = new SharedWorker(new URL('./stream-worker.js', import.meta.url), {
        type: 'module',
        name: VERSION,
      });
    } catch {
      this.giveUp();
      return;
    }
    worker.addEventListener('error', () => {
      if (this.port === worker.port) this.giveUp();
    });
    this.port = worker.port;
    this.wait(FIRST_ANSWER_MS, this.giveUp);
    worker.port.onmessage = ({ data }: MessageEvent<LiveEvent | Dropped>) => {
      if (this.port !== worker.port) return;
      this.wait(SILENCE_MS, this.attachAnew);
      this.send('read');
      if (data.type === 'dropped') this.attachAnew();
      else this.tell(data);
    };
    this.send({ follow: this.api.key });
  }

  private readonly attachAnew = (): void => {
    this.detach();
    this.tell({ type: 'broken', retryInMs: 0 });
    this.attach();
  };

  private readonly giveUp = (): void => {
    this.detach();
    followAlone(this.api, this.tell, this.closing);
  };

  private detach(): void {
    clearTimeout(this.silence);
    this.send('leave');
    this.port?.close();
    this.port = null;
  }

  private wait(ms: number, then: () => void): void {
    clearTimeout(this.silence);
    this.silence = setTimeout(then, ms);
  }

  private send(message: TabMessage): void {
    this.port?.postMessage(message);
  }
}
