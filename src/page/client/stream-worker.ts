import { Api } from './api.js';
import { LiveStream } from './live-stream.js';
import { SharedStream } from './shared-stream.js';

/** What a tab says: the key whose stream it wants to follow, that it has read, and that it goes. */
export type TabMessage = { readonly follow: string } | 'read' | 'leave';

/** The streams by their keys. */
class Streams {
  private readonly open = new Map<string, SharedStream>();

  /** Lets a tab follow until it leaves. */
  serve(port: MessagePort): void {
    let followed: SharedStream | null = null;
    port.onmessage = ({ data }: MessageEvent<TabMessage>) => {
      if (data === 'read') followed?.hasRead(port);
      else if (data === 'leave') followed?.remove(port);
      else {
        followed = this.of(data.follow);
        followed.add(port);
      }
    };
  }

  private of(key: string): SharedStream {
    const open = this.open.get(key);
    if (open !== undefined) return open;
    const made = new SharedStream(
      (tell) => new LiveStream(new Api(key), tell),
      () => this.open.delete(key),
    );
    this.open.set(key, made);
    return made;
  }
}

// Runs once for all tabs of a browser: six streams would take all the connections that it opens to one HTTP/1.1 server.
const streams = new Streams();
addEventListener('connect', (event) => {
  const [port] = (event as MessageEvent).ports;
  if (port !== undefined) streams.serve(port);
});
