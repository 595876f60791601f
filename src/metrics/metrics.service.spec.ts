import { afterAll, afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { Children } from '../testing/children.js';
import { kernelAgeMs, kernelCpuPercent, marked } from '../testing/kernel.js';
import { ServerService } from './server.service.js';
import { GameTelemetry, NO_TELEMETRY } from './game-telemetry.js';
import { MachineSampler } from './machine-sampler.js';
import { type MetricsSnapshot } from './metrics-snapshot.js';
import { MetricsBuffer } from './metrics.buffer.js';
import { MetricsService } from './metrics.service.js';
import { NodeMachine } from '../process/node-machine.js';
import { PidusageReader } from '../process/pidusage-reader.js';
import { steadyNowMs } from '../process/clock.js';
import { type ProcessCounters, ProcessReader } from '../process/process-reader.js';
import { ProcessSampler } from './process-sampler.js';

jest.spyOn(Logger.prototype, 'log').mockReturnValue();
jest.spyOn(Logger.prototype, 'warn').mockReturnValue();

const PID = 4242;

class Server extends ServerService {
  override gameServerPid: number | null = null;
}

/** Answers when the test lets it, with a process that started ten seconds ago. */
class HeldReader extends ProcessReader {
  readonly pidsRead: number[] = [];
  counters: ProcessCounters = {
    cpuMs: 1234.5678,
    rssBytes: 123_456_789,
    threadCount: 40,
    startedAtMs: steadyNowMs() - 10_000,
    readAtMs: steadyNowMs(),
  };
  isGone = false;
  private held: (() => void)[] | null = null;

  hold(): void {
    this.held = [];
  }

  release(): void {
    for (const answer of this.held ?? []) answer();
    this.held = null;
  }

  override async read(pid: number): Promise<ProcessCounters | null> {
    this.pidsRead.push(pid);
    const { held } = this;
    if (held !== null) await new Promise<void>((answer) => held.push(answer));
    return this.isGone ? null : this.counters;
  }
}

let server: Server;
let reader: HeldReader;
let buffer: MetricsBuffer;
let machine: MachineSampler;
let service: MetricsService;

beforeEach(() => {
  server = new Server();
  reader = new HeldReader();
  buffer = new MetricsBuffer(3);
  machine = new MachineSampler(new NodeMachine(), null);
  service = new MetricsService(buffer, new ProcessSampler(reader), machine, server);
});
afterEach(() => {
  jest.useRealTimers();
});

/** Answers of one process alone. */
class Telemetry extends GameTelemetry {
  readonly asked: (number | null)[] = [];
  override read(gamePid: number | null) {
    this.asked.push(gamePid);
    return gamePid === PID
      ? { ...NO_TELEMETRY, players: 3, tickMs: 33.337, gcPausePercent: 0 }
      : NO_TELEMETRY;
  }
}

describe('a snapshot', () => {
  it('is frozen, and says when it was taken', async () => {
    const from = Date.now();
    const snapshot = await service.collect();
    expect(Object.isFrozen(snapshot)).toBe(true);
    expect(snapshot.timestamp.getTime()).toBeGreaterThanOrEqual(from);
    expect(snapshot.timestamp.getTime()).toBeLessThanOrEqual(Date.now());
  });

  it('has these fields, which are the wire format', async () => {
    expect(Object.keys(await service.collect())).toEqual([
      'timestamp',
      'apiMemoryMb',
      'apiCpuPercent',
      'gameMemoryMb',
      'gameCpuPercent',
      'gameThreads',
      'players',
      'tickMs',
      'ticksPerSecond',
      'gcHeapMb',
      'gcPausePercent',
      'gcPauseMaxMs',
      'machineCpuPercent',
      'machineMemoryAvailableMb',
      'diskFreeMb',
    ]);
  });

  it('has numbers of two decimals, in MiB', async () => {
    server.gameServerPid = PID;
    const snapshot = await service.collect();
    expect(snapshot.gameMemoryMb).toBe(117.74);
    for (const value of [snapshot.apiMemoryMb, snapshot.apiCpuPercent, snapshot.gameCpuPercent]) {
      expect(value).toBe(Number(Number(value).toFixed(2)));
    }
  });

  it('keeps a CPU of 0 apart from null', async () => {
    server.gameServerPid = PID;
    reader.counters = { ...reader.counters, cpuMs: 0 };
    expect((await service.collect()).gameCpuPercent).toBe(0);
  });

  it('has this process alone while no game runs', async () => {
    const snapshot = await service.collect();
    expect(snapshot).toMatchObject({ gameMemoryMb: null, gameCpuPercent: null });
    expect(snapshot.apiMemoryMb).toBeGreaterThan(10);
    expect(reader.pidsRead).toEqual([]);
  });

  it.each([
    ['stops', null],
    ['restarts', PID + 1],
  ])('has no game when that %s while it is being read', async (_, pidAfter) => {
    server.gameServerPid = PID;
    reader.hold();
    const collecting = service.collect();
    server.gameServerPid = pidAfter;
    reader.release();
    expect(await collecting).toMatchObject({ gameMemoryMb: null, gameCpuPercent: null });
    expect(reader.pidsRead).toEqual([PID]);
  });

  it('has what the game says of itself, asked once, and never of a game that is gone or another', async () => {
    const telemetry = new Telemetry();
    service = new MetricsService(buffer, new ProcessSampler(reader), machine, server, telemetry);
    server.gameServerPid = PID;
    const said = { players: 3, tickMs: 33.34, ticksPerSecond: null, gcPausePercent: 0 };
    expect(await service.collect()).toMatchObject(said);
    reader.isGone = true;
    expect(await service.collect()).toMatchObject(NO_TELEMETRY);
    reader.isGone = false;
    reader.hold();
    const collecting = service.collect();
    server.gameServerPid = PID + 1;
    reader.release();
    expect(await collecting).toMatchObject(NO_TELEMETRY);
    server.gameServerPid = null;
    expect(await service.collect()).toMatchObject(NO_TELEMETRY);
    expect(telemetry.asked).toEqual([PID, null, null, null]);
  });

  it('has the threads of the game, and the machine', async () => {
    server.gameServerPid = PID;
    const snapshot = await service.collect();
    expect(snapshot.gameThreads).toBe(40);
    expect(snapshot.machineMemoryAvailableMb).toBeGreaterThan(10);
    expect(snapshot.diskFreeMb).toBeNull();
    expect(service.machine.counters?.cpuMs).toBeGreaterThan(0);
    service.onApplicationShutdown();
    expect(service.machine.counters).toBeNull();
  });

  it('has no game when that starts while it is being taken', async () => {
    const collecting = service.collect();
    server.gameServerPid = PID;
    expect(await collecting).toMatchObject({ gameMemoryMb: null, gameCpuPercent: null });
  });

  it('reads the pid anew for each sample', async () => {
    for (const pid of [PID, PID + 1, null, PID]) {
      server.gameServerPid = pid;
      await service.collect();
    }
    expect(reader.pidsRead).toEqual([PID, PID + 1, PID]);
  });
});

describe('collect', () => {
  it('takes one sample for all who call while it is being taken', async () => {
    server.gameServerPid = PID;
    reader.hold();
    const both = [service.collect(), service.collect()];
    expect(service.isCollecting).toBe(true);
    reader.release();
    const [one, two] = await Promise.all(both);
    expect(one).toBe(two);
    expect(service.isCollecting).toBe(false);
    expect(buffer.getAll()).toEqual([one]);
    expect(reader.pidsRead).toEqual([PID]);
  });

  it('takes another one afterwards', async () => {
    expect(await service.collect()).not.toBe(await service.collect());
    expect(buffer.length).toBe(2);
  });

  it('goes on after a failure', async () => {
    const failing = jest.spyOn(process, 'cpuUsage').mockImplementationOnce(() => {
      throw new Error('no counters');
    });
    await expect(service.collect()).rejects.toThrow('no counters');
    failing.mockRestore();
    expect(service.isCollecting).toBe(false);
    expect(await service.collect()).toBe(service.current);
    expect(buffer.length).toBe(1);
    expect([service.stats.failed, service.stats.taken]).toEqual([1, 1]);
  });
});

describe('the raw values of the game', () => {
  it('are those of the newest sample', async () => {
    expect(service.game).toBeNull();
    server.gameServerPid = PID;
    await service.collect();
    expect(service.game).toMatchObject({ pid: PID, rssBytes: 123_456_789 });
    expect(Math.abs(Date.now() - 10_000 - (service.game?.startedAt.getTime() ?? NaN))).toBeLessThan(5000);
    expect(service.gameCpuTotalMs).toBe(1234.5678);
  });

  it('are gone as soon as the game stops or restarts, before the next sample', async () => {
    server.gameServerPid = PID;
    await service.collect();
    server.gameServerPid = PID + 1;
    expect(service.game).toBeNull();
    server.gameServerPid = null;
    expect(service.game).toBeNull();
  });
});

describe('snapshots$', () => {
  it('emits to each subscriber what is in the buffer by then', async () => {
    const received: (readonly [MetricsSnapshot, MetricsSnapshot | null])[] = [];
    for (let i = 0; i < 2; i++) {
      service.snapshots$.subscribe((snapshot) => received.push([snapshot, buffer.getLatest()]));
    }
    const first = await service.collect();
    const second = await service.collect();
    expect(received).toHaveLength(4);
    expect(received.map(([emitted]) => emitted)).toEqual([first, first, second, second]);
    for (const [emitted, latest] of received) expect(emitted).toBe(latest);
  });

  it('completes at shutdown', () => {
    const complete = jest.fn();
    service.snapshots$.subscribe({ complete });
    service.onApplicationShutdown();
    expect(complete).toHaveBeenCalledTimes(1);
  });

  it('cannot be written to by those who listen', () => {
    expect(service.snapshots$).not.toHaveProperty('next');
  });
});

describe('the recorder', () => {
  it('has a sample before anybody else, however early those listened', async () => {
    const heard: [string, MetricsSnapshot][] = [];
    service.snapshots$.subscribe((snapshot) => heard.push(['listener', snapshot]));
    service.setRecorder({
      record: (snapshot) => {
        heard.push(['recorder', snapshot]);
      },
    });
    const snapshot = await service.collect();
    expect(heard).toEqual([
      ['recorder', snapshot],
      ['listener', snapshot],
    ]);
  });

  it('is one alone', () => {
    const recorder = { record: () => undefined };
    service.setRecorder(recorder);
    expect(() => {
      service.setRecorder(recorder);
    }).toThrow('one only');
  });
});

describe('current and history', () => {
  it('are empty before the first sample', () => {
    expect(service.current).toBeNull();
    expect(service.history()).toEqual([]);
    expect(service.history(60)).toEqual([]);
  });

  it('answer with the newest, and with all that the buffer holds, oldest first', async () => {
    const taken: MetricsSnapshot[] = [];
    for (let i = 0; i < 5; i++) taken.push(await service.collect());
    expect(service.current).toBe(taken[4]);
    expect(service.history()).toEqual(taken.slice(2));
  });

  it('answer with the last minutes, the limit included', async () => {
    jest.useFakeTimers({ doNotFake: ['performance'] });
    const taken: MetricsSnapshot[] = [];
    for (let i = 0; i < 3; i++) {
      taken.push(await service.collect());
      jest.advanceTimersByTime(60_000);
    }
    // Taken 3, 2 and 1 minutes ago.
    expect(service.history(3)).toEqual(taken);
    expect(service.history(2.99)).toEqual(taken.slice(1));
    expect(service.history(1)).toEqual(taken.slice(2));
    expect(service.history(0.5)).toEqual([]);
  });
});

describe('with a real game process', () => {
  const children = new Children();
  afterAll(() => children.end());

  it('gives the same percentage however many ask meanwhile', async () => {
    const { pid } = await children.burning();
    const sampler = new ProcessSampler(new PidusageReader());
    const real = new MetricsService(new MetricsBuffer(10), sampler, machine, server);
    server.gameServerPid = pid;
    await sleep(Math.max(0, 300 - kernelAgeMs(pid)));
    const [, from] = await marked(pid, () => real.collect());
    for (let i = 0; i < 9; i++) {
      await sleep(100);
      expect(real.history()).toEqual(real.history(60));
      expect(real.current).toBe(real.history().at(-1));
    }
    const [[one, two], to] = await marked(pid, () => Promise.all([real.collect(), real.collect()]));

    expect(one).toBe(two);
    expect(real.history()).toHaveLength(2);
    const { low, high } = kernelCpuPercent(from, to);
    expect(one.gameCpuPercent).toBeGreaterThan(low - 5);
    expect(one.gameCpuPercent).toBeLessThan(high + 5);
  });
});
