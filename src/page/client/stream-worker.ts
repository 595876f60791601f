import { Api } from './api.js';
import { LiveStream } from './live-stream.js';
import { SharedStream } from './shared-stream.js';

/** What a tab says: the key whose stream it wants to follow, that it has read, and that it goes. */
export type TabMessage = { readonly follow: string } | 'read' | 'leave';

// Runs once for all tabs of a browser: six streams would take all the connections that it opens to one HTTP/1.1 server.
const streams = new Map<string, SharedStream>();

addEventListener('connect', (event) => {
  const [port] = (event as MessageEvent).ports;
  if (port === undefined) return;
  let followed: SharedStream | null = null;
  port.onmessage = ({ data }: MessageEvent<TabMessage>) => {
    if (data === 'read') followed?.hasRead(port);
    else if (data === 'leave') followed?.remove(port);
    else followed = follow(data.follow, port);
  };
});

function follow(key: string, port: MessagePort): SharedStream {
  let stream = streams.get(key);
  if (stream === undefined) {
    const made = new SharedStream(
      (tell) => new LiveStream(new Api(key), tell),
      () => streams.delete(key),
    );
    streams.set(key, made);
    stream = made;
  }
  stream.add(port);
  return stream;
}
