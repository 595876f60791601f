import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { Api } from './api.js';
import { LiveStream } from './live-stream.js';
import { type Follower, SharedStream } from './shared-stream.js';

class Tab implements Follower {
  readonly heard: string[] = [];
  postMessage({ type }: { type: string }): void {
    this.heard.push(type);
  }
}

const SAMPLE = 'event: snapshot\ndata: {"timestamp":"2026-01-01T00:00:00Z"}\n\n';

describe('the stream of all tabs', () => {
  let server: Server;
  let streams: ServerResponse[];
  let status: number;
  let ended: boolean;
  let shared: SharedStream;
  let tabs: Tab[];

  beforeEach(async () => {
    streams = [];
    status = 200;
    ended = false;
    server = createServer((_request, response) => {
      response.writeHead(status, { 'content-type': 'text/event-stream' });
      if (status !== 200) {
        response.end('{"message":"No."}');
        return;
      }
      response.write(':\n\n');
      streams.push(response);
      response.on('close', () => (streams = streams.filter((other) => other !== response)));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });

  afterEach(() => {
    for (const tab of tabs) shared.remove(tab);
    server.closeAllConnections();
    server.close();
  });

  /** Opens a stream that so many tabs follow. */
  function open(count: number): Tab[] {
    const { port } = server.address() as AddressInfo;
    const api = new Api('key', `http://127.0.0.1:${port}/`);
    shared = new SharedStream(
      (tell) => new LiveStream(api, tell),
      () => (ended = true),
    );
    tabs = [];
    return Array.from({ length: count }, come);
  }

  function come(): Tab {
    const tab = new Tab();
    tabs.push(tab);
    shared.add(tab);
    return tab;
  }

  async function until(condition: () => boolean): Promise<void> {
    const deadlineMs = performance.now() + 30_000;
    while (!condition()) {
      if (performance.now() > deadlineMs) throw new Error(`not within 30 s: ${String(condition)}`);
      await new Promise((done) => setTimeout(done, 5));
    }
  }

  it('is one, tells all of them, and closes with the last', async () => {
    const [a, b] = open(2) as [Tab, Tab];
    await until(() => b.heard.includes('connected'));
    const late = come();
    expect(late.heard).toEqual(['connected']);
    streams[0]?.write(SAMPLE);
    await until(() => [a, b, late].every(({ heard }) => heard.at(-1) === 'sample'));
    expect(streams).toHaveLength(1);
    shared.remove(a);
    shared.remove(b);
    expect(ended).toBe(false);
    shared.remove(late);
    expect(ended).toBe(true);
    await until(() => streams.length === 0);
  });

  it('passes events on between samples, and stays connected by them', async () => {
    const [tab] = open(1) as [Tab];
    await until(() => tab.heard.includes('connected'));
    streams[0]?.write(`${SAMPLE}event: event\ndata: {"kind":"game_ready"}\n\nevent: later\ndata: {}\n\n`);
    await until(() => tab.heard.includes('event'));
    expect(tab.heard.filter((type) => type !== 'alive')).toEqual(['connected', 'sample', 'event']);
    expect(come().heard).toEqual(['connected']);
  });

  it('drops a tab that reads nothing, and keeps the one that does', async () => {
    const [reader, frozen] = open(2) as [Tab, Tab];
    await until(() => streams.length === 1);
    for (let i = 0; i < 250; i++) {
      streams[0]?.write(SAMPLE);
      await until(() => reader.heard.filter((type) => type === 'sample').length === i + 1);
      shared.hasRead(reader);
    }
    expect(frozen.heard.length).toBeLessThan(220);
    expect(frozen.heard.at(-1)).toBe('dropped');
    expect(reader.heard).not.toContain('dropped');
  });

  it('says that it is broken, to who comes later as well, and tries at once when somebody comes', async () => {
    const [first] = open(1) as [Tab];
    await until(() => first.heard.includes('connected'));
    streams[0]?.destroy();
    await until(() => first.heard.includes('broken'));
    const late = come();
    expect(late.heard[0]).not.toBe('connected');
    await until(() => late.heard.includes('connected'));
  });

  it('ends for all when the key is refused', async () => {
    status = 401;
    const [a, b] = open(2) as [Tab, Tab];
    await until(() => ended);
    expect([a.heard.at(-1), b.heard.at(-1)]).toEqual(['refused', 'refused']);
  });
});
