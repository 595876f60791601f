import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { waitFor } from '../../test/support/api-process.js';
import { MetricsBuffer, MetricsService, ServerService } from '../metrics/index.js';
import { PidusageReader } from '../metrics/pidusage-reader.js';
import { ProcessSampler } from '../metrics/process-sampler.js';
import { SnapshotStream } from './snapshot-stream.js';

class NoServer extends ServerService {
  readonly gameServerPid = null;
}

describe('the event streams', () => {
  let service: MetricsService;
  let stream: SnapshotStream;
  let server: Server;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    const buffer = new MetricsBuffer(100_000);
    service = new MetricsService(buffer, new ProcessSampler(new PidusageReader()), new NoServer());
    stream = new SnapshotStream(service);
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

  it('drop a client that lets too much wait, and only that one', async () => {
    for (let i = 1; i <= 100_000; i++) {
      service.buffer.append({
        timestamp: new Date(i),
        apiMemoryMb: i,
        apiCpuPercent: 1,
        gameMemoryMb: null,
        gameCpuPercent: null,
      });
    }
    const reading = await open();
    const idle = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
    sockets.push(idle);
    idle.on('error', () => undefined);
    idle.write('GET / HTTP/1.1\r\nHost: x\r\nLast-Event-ID: 0\r\n\r\n');
    const connections = () =>
      new Promise<number>((done) => {
        server.getConnections((_error, count) => {
          done(count);
        });
      });
    await waitFor(async () => (await connections()) === 2);
    await waitFor(async () => {
      await service.collect();
      return (await connections()) === 1;
    });
    await service.collect();
    const last = service.current?.timestamp.getTime();
    await waitFor(() => reading.text().includes(`id: ${String(last)}\n`));
    expect(reading.socket.destroyed).toBe(false);
  });

  it('find the place of an id after the clock was set back', async () => {
    for (const time of [100, 200, 50, 60]) {
      service.buffer.append({
        timestamp: new Date(time),
        apiMemoryMb: 1,
        apiCpuPercent: 1,
        gameMemoryMb: null,
        gameCpuPercent: null,
      });
    }
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
