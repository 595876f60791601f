import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { EventLog } from '../../events/event-log.js';
import { answer, FakeRuntime, processInfo } from '../../testing/fake-runtime.js';
import { events, kinds, nettrace, trace, u32 } from '../../testing/nettrace.js';
import { waitFor } from '../../testing/wait-for.js';
import { DotnetTelemetry } from './dotnet-telemetry.js';

const onLinux = process.platform === 'linux' ? describe : describe.skip;
/** Ticks of the recordings' clock in a ms. */
const MS = 1_000_000n;
const HEAP_STATS = Buffer.alloc(110);
HEAP_STATS.writeBigUInt64LE(BigInt(64 << 20), 32);

onLinux('DotnetTelemetry', () => {
  let runtime: FakeRuntime;
  let log: EventLog;
  let telemetry: DotnetTelemetry;

  beforeEach(() => {
    for (const level of ['log', 'warn'] as const) jest.spyOn(Logger.prototype, level).mockReturnValue();
    runtime = new FakeRuntime().useFolder();
    log = new EventLog();
    telemetry = make(true);
  });

  afterEach(async () => {
    await telemetry.onModuleDestroy();
    await runtime.remove();
    jest.restoreAllMocks();
  });

  const make = (readsDotnet: boolean) =>
    new DotnetTelemetry(new ConfigService({ telemetry: { readsDotnet } }), log);

  /** One collection of generation 2 that held all threads for 300 ms, and a second one for 200 ms. */
  const recording = nettrace(
    trace(1000n * MS),
    kinds({ kind: 1, id: 1 }, { kind: 4, id: 4 }, { kind: 7, id: 7 }, { kind: 9, id: 9 }),
    events(
      { kind: 9, thread: 1, ticks: 1000n * MS, payload: u32(1, 0) },
      { kind: 1, thread: 1, ticks: MS, payload: u32(1, 2, 0, 0) },
      { kind: 4, thread: 1, ticks: 298n * MS, payload: HEAP_STATS },
      { kind: 7, thread: 1, ticks: MS, payload: u32() },
      { kind: 9, thread: 1, ticks: 100n * MS, payload: u32(1, 0) },
      { kind: 7, thread: 1, ticks: 200n * MS, payload: u32() },
    ),
  ).subarray(0, -1);

  async function streaming(): Promise<void> {
    await runtime.listen((command, socket, payload) => {
      if (command === '4/4') socket.write(answer('ok', processInfo('9.0.1')));
      else if (command === '2/1') socket.write(answer('ok', payload));
      else socket.write(Buffer.concat([answer('ok', Buffer.alloc(8, 3)), recording]));
    });
  }

  const heard = () => waitFor(() => telemetry.read(process.pid) !== null);
  const count = (command: string) => runtime.commands.filter((each) => each === command).length;

  it('opens one session for a game, and tells what its runtime tells', async () => {
    await streaming();
    expect(telemetry.counters).toBeNull();
    expect(telemetry.heapBytes).toBeNull();
    expect(telemetry.read(process.pid)).toBeNull();
    await heard();
    expect(telemetry.read(process.pid)).toMatchObject({ gcHeapMb: 64 });
    expect(telemetry.heapBytes).toBe(64 << 20);
    expect(telemetry.counters?.pauseSeconds).toBeCloseTo(0.5, 9);
    expect(telemetry.counters?.collections).toEqual([0, 0, 1]);
    for (let i = 0; i < 100; i++) telemetry.read(process.pid);
    expect(runtime.commands).toEqual(['4/4', '2/4']);
  });

  it('tells a pause of more than 250 ms as an event', async () => {
    await streaming();
    await heard();
    // What was gathered after the first is told at the end: nothing, for the second pause was shorter.
    await telemetry.onModuleDestroy();
    expect(log.newest).toMatchObject([
      { kind: 'gc_pause', level: 'warning', numbers: { count: 1, pauseMs: 300 } },
    ]);
  });

  it('closes it when the game is gone, opens another for the next, and counts on', async () => {
    await streaming();
    await heard();
    expect(telemetry.read(null)).toBeNull();
    expect(telemetry.heapBytes).toBeNull();
    await waitFor(() => count('2/1') === 1);
    expect(telemetry.counters?.collections).toEqual([0, 0, 1]);
    await heard();
    expect(telemetry.counters?.pauseSeconds).toBeCloseTo(1, 9);
    expect(telemetry.counters?.collections).toEqual([0, 0, 2]);
    expect(count('2/4')).toBe(2);
    // Another process: that one has no session for us.
    expect(telemetry.read(process.ppid)).toBeNull();
    await waitFor(() => count('2/1') === 2);
  });

  it('closes it at the end of the application, and opens none after that', async () => {
    await streaming();
    await heard();
    await telemetry.onModuleDestroy();
    expect(count('2/1')).toBe(1);
    expect(telemetry.read(process.pid)).toBeNull();
    expect(count('4/4')).toBe(1);
  });

  it('asks nothing when it is switched off', async () => {
    await streaming();
    const off = make(false);
    for (let i = 0; i < 10; i++) {
      expect(off.read(process.pid)).toBeNull();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(runtime.commands).toEqual([]);
    expect(off.counters).toBeNull();
    await off.onModuleDestroy();
  });
});
