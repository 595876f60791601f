import { type LiveEvent, type LiveListener } from './live-event.js';
import { type LiveStream } from './live-stream.js';

/** A tab that leaves so many events unread is frozen, or gone without a word. */
const MAX_UNREAD = 200;

/** A tab, as the worker sees it. */
export interface Follower {
  postMessage(event: LiveEvent | Dropped): void;
}

/** The last word to a tab that did not read: it has to follow anew. */
export interface Dropped {
  readonly type: 'dropped';
}

/** One stream for all tabs that have the same key; it is open while there are any. */
export class SharedStream {
  private readonly unread = new Map<Follower, number>();
  private readonly stream: LiveStream;
  private isConnected = false;

  /** `make` makes the stream that tells the listener; `onEnd` is called when nobody follows any more. */
  constructor(
    make: (tell: LiveListener) => LiveStream,
    private readonly onEnd: () => void,
  ) {
    this.stream = make((event) => {
      this.tellAll(event);
    });
    void this.stream.follow();
  }

  add(follower: Follower): void {
    this.unread.set(follower, 0);
    this.stream.hurry();
    this.tell(follower, { type: this.isConnected ? 'connected' : 'alive' });
  }

  remove(follower: Follower): void {
    if (!this.unread.delete(follower) || this.unread.size > 0) return;
    this.stream.close();
    this.onEnd();
  }

  /** The follower has read all that it was told. */
  hasRead(follower: Follower): void {
    if (this.unread.has(follower)) this.unread.set(follower, 0);
  }

  private tellAll(event: LiveEvent): void {
    if (event.type === 'connected') this.isConnected = true;
    else if (event.type === 'broken' || event.type === 'refused') this.isConnected = false;
    for (const follower of [...this.unread.keys()]) {
      this.tell(follower, event);
      if (event.type === 'refused') this.remove(follower);
    }
  }

  private tell(follower: Follower, event: LiveEvent): void {
    const unread = (this.unread.get(follower) ?? 0) + 1;
    this.unread.set(follower, unread);
    if (unread <= MAX_UNREAD) {
      follower.postMessage(event);
      return;
    }
    follower.postMessage({ type: 'dropped' });
    this.remove(follower);
  }
}
