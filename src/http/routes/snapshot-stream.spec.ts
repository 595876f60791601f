import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { waitFor } from '../../testing/wait-for.js';
import { EventLog } from '../../events/event-log.js';
import { MetricsBuffer, MetricsService, ServerService } from '../../metrics/index.js';
import { MachineSampler } from '../../metrics/machine-sampler.js';
import { NodeMachine } from '../../process/node-machine.js';
import { PidusageReader } from '../../process/pidusage-reader.js';
import { ProcessSampler } from '../../metrics/process-sampler.js';
import { SnapshotStream } from './snapshot-stream.js';
import { UNKNOWN_VALUES } from '../../testing/unknown-values.js';

class NoServer extends ServerService {
  readonly gameServerPid = null;
}

describe('the event streams', () => {
  let service: MetricsService;
  let log: EventLog;
  let stream: SnapshotStream;
  let server: Server;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    const buffer = new MetricsBuffer(100_000);
    const machine = new MachineSampler(new NodeMachine(), null);
    service = new MetricsService(buffer, new ProcessSampler(new PidusageReader()), machine, new NoServer());
    log = new EventLog();
    stream = new SnapshotStream(service, log);
    stream.onModuleInit();
    server = createServer((request, response) => {
      const id = request.headers['last-event-id'];
      stream.add(response, typeof id === 'string' ? Number(id) : null);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });

  afterEach(async () => {
    stream.beforeApplicationShutdown();
    for (const socket of sockets.splice(0)) socket.destroy();
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });

  async function open(lastEventId?: number): Promise<{ socket: Socket; text: () => string }> {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => undefined);
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const header = lastEventId === undefined ? '' : `Last-Event-ID: ${lastEventId}\r\n`;
    socket.write(`GET / HTTP/1.1\r\nHost: x\r\n${header}\r\n`);
    await waitFor(() => text !== '');
    return { socket, text: () => text };
  }

  function append(timeMs: number): void {
    service.buffer.append({
      timestamp: new Date(timeMs),
      apiMemoryMb: 1,
      apiCpuPercent: 1,
      ...UNKNOWN_VALUES,
    });
  }

  it('drop a client that lets too much wait, and only that one', async () => {
    const reading = await open();
    const idle = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
    sockets.push(idle);
    idle.on('error', () => undefined);
    idle.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const connections = () =>
      new Promise<number>((done) => {
        server.getConnections((_error, count) => {
          done(count);
        });
      });
    await waitFor(async () => (await connections()) === 2);
    const hasReadAll = () => {
      const last = service.current?.timestamp.getTime();
      return reading.text().includes(`id: ${String(last)}\n`);
    };
    await waitFor(async () => {
      // What the kernel keeps for a client that does not read comes first: some megabytes.
      for (let i = 0; i < 1000; i++) await service.collect();
      // On a busy machine the next lot would otherwise come before the reader had a turn.
      await waitFor(hasReadAll);
      return (await connections()) === 1;
    });
    await service.collect();
    await waitFor(hasReadAll);
    expect(reading.socket.destroyed).toBe(false);
  });

  it('get a long replay in pieces, in order, with what comes meanwhile behind it', async () => {
    for (let i = 1; i <= 6000; i++) append(i);
    const sizes: number[] = [];
    server.prependListener('request', (_request, response: ServerResponse) => {
      const write = response.write.bind(response);
      response.write = (chunk: string | Buffer) => {
        sizes.push(chunk.length);
        if (sizes.length % 10 === 0) void service.collect();
        return write(chunk, 'utf8');
      };
    });
    const streams = [await open(0), await open(3000), await open(0)];
    await waitFor(() => streams.every(({ text }) => text().includes('id: 6000\n')));
    await service.collect();

    const taken = () => service.history().map(({ timestamp }) => `id: ${timestamp.getTime()}\n`);
    for (const [i, missed] of [0, 3000, 0].entries()) {
      const ids = () => streams[i]?.text().match(/id: \d+\n/g) ?? [];
      // By their number: two may have been taken in the same millisecond.
      await waitFor(() => ids().length >= taken().length - missed);
      expect(ids()).toEqual(taken().slice(missed));
    }
    expect(taken().length).toBeGreaterThan(6003);
    expect(Math.max(...sizes)).toBeLessThan(100_000);
  });

  it('wait with a long replay for a client that does not take it', async () => {
    for (let i = 1; i <= 100_000; i++) append(i);
    const responses: ServerResponse[] = [];
    server.on('request', (_request, response: ServerResponse) => responses.push(response));
    const { socket } = await open(0);
    socket.pause();
    // Long enough for the kernel to have taken what it takes.
    await new Promise((done) => setTimeout(done, 200));
    await service.collect();
    expect(responses[0]?.writableLength).toBeLessThan(200_000);
    expect(responses[0]?.destroyed).toBe(false);
  });

  it('go on with the oldest sample in memory when what a slow replay would send next is gone', async () => {
    for (let i = 1; i <= 3000; i++) append(i);
    // After the first piece, which was queued before this, and before the second.
    server.on('request', () => {
      setImmediate(() => {
        service.buffer.clear();
        for (let i = 5001; i <= 6000; i++) append(i);
      });
    });
    const { text } = await open(1000);
    await waitFor(() => text().includes('id: 6000\n'));
    const ids = (text().match(/id: \d+/g) ?? []).map((id) => Number(id.slice(4)));
    expect([ids[0], ids.at(-1)]).toEqual([1001, 6000]);
    expect(ids.filter((id, i) => i > 0 && id !== (ids[i - 1] ?? 0) + 1)).toEqual([5001]);
  });

  it('find the place of an id after the clock was set back', async () => {
    for (const time of [100, 200, 50, 60]) append(time);
    const { text } = await open(200);
    await waitFor(() => text().includes('id: 60'));
    expect(text().match(/id: \d+/g)).toEqual(['id: 50', 'id: 60']);
  });

  it('get a comment every 15 s, while one is open', async () => {
    jest.useFakeTimers({
      doNotFake: ['setTimeout', 'setImmediate', 'nextTick', 'performance', 'Date', 'queueMicrotask'],
    });
    try {
      const { socket, text } = await open();
      await waitFor(() => jest.getTimerCount() === 1);
      jest.advanceTimersByTime(15_000);
      await waitFor(() => text().includes(': keep-alive\n\n'));
      socket.destroy();
      await waitFor(() => jest.getTimerCount() === 0);
    } finally {
      jest.useRealTimers();
    }
  });
});
