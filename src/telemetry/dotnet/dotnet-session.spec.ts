import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type Socket } from 'node:net';
import { waitFor } from '../../testing/wait-for.js';
import { processOf } from '../../testing/dotnet.js';
import { answer, FakeRuntime, processInfo } from '../../testing/fake-runtime.js';
import { events, kinds, nettrace, trace, u32 } from '../../testing/nettrace.js';
import { DotnetSession } from './dotnet-session.js';

const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('DotnetSession', () => {
  let runtime: FakeRuntime;
  let session: DotnetSession;
  let logged: string[];

  beforeEach(() => {
    logged = [];
    for (const level of ['log', 'warn'] as const)
      jest
        .spyOn(Logger.prototype, level)
        .mockImplementation((text: string) => logged.push(`${level}: ${text}`));
    runtime = new FakeRuntime().useFolder();
    session = new DotnetSession(runtime.process);
  });

  afterEach(async () => {
    await session.close();
    await runtime.remove();
    jest.restoreAllMocks();
  });

  /** A runtime that sends this as its stream; `then` is done with the connection after that. */
  async function streaming(
    bytes: Buffer,
    then: (socket: Socket) => unknown = () => undefined,
  ): Promise<void> {
    await runtime.listen((command, socket, payload) => {
      if (command === '4/4') socket.write(answer('ok', processInfo('9.0.1')));
      else if (command === '2/1') socket.write(answer('ok', payload));
      else if (command === '2/4') {
        socket.write(Buffer.concat([answer('ok', Buffer.alloc(8, 3)), bytes]));
        then(socket);
      }
    });
  }

  const began = [trace(1_000_000_000n), kinds({ kind: 1, id: 1 })] as const;
  const reading = `log: Reading the garbage collections of process ${process.pid} (.NET 9.0.1)`;

  it('reads what the runtime sends, and stops its session when it is closed', async () => {
    const oneCollection = events({ kind: 1, thread: 1, ticks: 1_000_000_000n, payload: u32(1, 2, 0, 0) });
    await streaming(nettrace(...began, oneCollection).subarray(0, -1));
    expect(session.read(performance.now())).toBeNull();
    expect(session.counters).toBeNull();
    session.open();
    await waitFor(() => session.counters !== null);
    expect(session.counters).toEqual({ pauseSeconds: 0, collections: [0, 0, 1] });
    expect(session.read(performance.now() + 10_000)).toEqual({
      gcHeapMb: null,
      gcPausePercent: 0,
      gcPauseMaxMs: 0,
    });
    await session.close();
    expect(session.read(performance.now())).toBeNull();
    expect(runtime.commands).toEqual(['4/4', '2/4', '2/1']);
    expect(logged).toEqual([reading]);
  });

  it.each([
    ['garbage', Buffer.alloc(1000, 'garbage '), 'it does not begin as NetTrace 4'],
    ['a gigabyte of nothing', Buffer.alloc(1 << 20), 'it does not begin as NetTrace 4'],
    [
      'a stream that goes wrong',
      Buffer.concat([nettrace(...began).subarray(0, -1), Buffer.of(99)]),
      'an object does not begin',
    ],
  ])('ends for good at %s, with one line', async (_, bytes, reason) => {
    await streaming(bytes, (socket) => {
      const more = () => {
        for (let i = 0; i < 1024 && !socket.destroyed; i++) if (!socket.write(bytes)) return;
      };
      socket.on('drain', more);
      more();
    });
    session.open();
    await waitFor(() => logged.length === 2);
    expect(logged[1]).toContain(
      `warn: The garbage collections of process ${process.pid} cannot be read: ${reason}`,
    );
    await waitFor(() => runtime.commands.includes('2/1'));
    expect(session.read(performance.now())).toBeNull();
    await session.close();
    expect(session.read(performance.now())).toBeNull();
    expect(runtime.commands).toEqual(['4/4', '2/4', '2/1']);
    expect(logged).toHaveLength(2);
  });

  it('has nothing to tell once a stream is cut, and opens another', async () => {
    const streams: Socket[] = [];
    await streaming(nettrace(...began).subarray(0, -1), (socket) => streams.push(socket));
    session.open();
    await waitFor(() => session.read(performance.now()) !== null);
    streams[0]?.destroy();
    await waitFor(() => session.read(performance.now()) === null);
    await waitFor(() => session.read(performance.now()) !== null);
    expect(streams).toHaveLength(2);
    expect(logged).toEqual([reading]);
  });

  it('tries a runtime that does not want to again, ever more rarely, and says so once', async () => {
    await runtime.listen((_, socket) => socket.destroy());
    session.open();
    await waitFor(() => runtime.times.length === 3);
    const [first = 0, second = 0, third = 0] = runtime.times;
    expect(second - first).toBeGreaterThanOrEqual(999);
    expect(third - second).toBeGreaterThanOrEqual(1999);
    expect(logged).toEqual([
      `warn: The garbage collections of process ${process.pid} cannot be read: its runtime ended the connection`,
    ]);
  });

  it('asks for no events while nothing is answered, and is closed at once in between', async () => {
    await runtime.listen(() => undefined);
    session.open();
    expect(session.read(performance.now())).toBeNull();
    await waitFor(() => logged.length === 1);
    expect(logged[0]).toContain('its runtime does not answer');
    let isClosed = false;
    void session.close().then(() => (isClosed = true));
    // It waits for no timer, and for no answer.
    await new Promise(setImmediate);
    expect(isClosed).toBe(true);
    expect(runtime.commands).toEqual(['4/4']);
  });

  it('waits in silence for a socket that may yet come', async () => {
    session.open();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(logged).toEqual([]);
    await streaming(nettrace(...began).subarray(0, -1));
    await waitFor(() => session.read(performance.now()) !== null);
    expect(logged).toEqual([reading]);
  });

  it('says at once what will not pass', async () => {
    writeFileSync(runtime.path, '');
    session.open();
    await waitFor(() => logged.length === 1);
    expect(logged[0]).toContain('is not a socket: remove it');
  });

  it('is silent about what is no .NET program, however long it runs', async () => {
    const looks = jest.spyOn(performance, 'now');
    session.open();
    const early = performance.now();
    looks.mockImplementation(() => early + 60_000);
    looks.mockClear();
    await waitFor(() => looks.mock.calls.length > 4);
    looks.mockRestore();
    expect(logged).toEqual([]);
    expect(session.isOver).toBe(false);
  });

  it('is over, in silence, when the process has ended', async () => {
    const child = spawn('sleep', ['1000'], { argv0: 'dotnet' });
    await once(child, 'spawn');
    // In the place of the other, so that it is closed whatever comes.
    session = new DotnetSession(processOf(child.pid ?? 0));
    session.open();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(session.isOver).toBe(false);
    child.kill('SIGKILL');
    await waitFor(() => session.isOver);
    expect(logged).toEqual([]);
  });
});
