import { afterAll, afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Global, Logger, Module } from '@nestjs/common';
import { ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { Test, type TestingModule } from '@nestjs/testing';
import { Subject } from 'rxjs';
import { waitFor } from '../testing/wait-for.js';
import {
  METRICS_INTERVAL_NAME,
  MetricsModule,
  MetricsScheduler,
  MetricsService,
  ServerService,
} from './index.js';
import { type ProcessCounters, ProcessReader } from '../process/process-reader.js';

jest.spyOn(Logger.prototype, 'log').mockReturnValue();
jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
const error = jest.spyOn(Logger.prototype, 'error').mockReturnValue();

/** The host application's own, which fails when the test says so. */
class HostServer extends ServerService {
  pid: number | null = null;
  failure: Error | null = null;
  override readonly gameServerChanged$ = new Subject<void>();

  override get gameServerPid(): number | null {
    if (this.failure !== null) throw this.failure;
    return this.pid;
  }
}

@Global()
@Module({ providers: [{ provide: ServerService, useClass: HostServer }], exports: [ServerService] })
class HostModule {}

/** Answers when the test lets it. */
class HeldReader extends ProcessReader {
  calls = 0;
  release: () => void = () => undefined;

  override read(): Promise<ProcessCounters | null> {
    this.calls++;
    return new Promise((answer) => {
      this.release = () => {
        answer(null);
      };
    });
  }
}

const original = process.env;
let app: TestingModule | null = null;

beforeEach(() => {
  process.env = {};
  error.mockClear();
});
afterEach(async () => {
  await app?.close();
  app = null;
  jest.useRealTimers();
});
afterAll(() => {
  process.env = original;
});

/** Time stands still but for `pass`; reading processes goes on as ever. */
function stopTime(): void {
  jest.useFakeTimers({ doNotFake: ['performance', 'nextTick', 'queueMicrotask', 'setImmediate'] });
}

async function pass(seconds: number): Promise<void> {
  await jest.advanceTimersByTimeAsync(seconds * 1000);
}

async function start(intervalSeconds: string, reader?: ProcessReader) {
  process.env.VS_METRICS_INTERVAL = intervalSeconds;
  const builder = Test.createTestingModule({
    imports: [ScheduleModule.forRoot(), HostModule, MetricsModule],
  });
  if (reader !== undefined) builder.overrideProvider(ProcessReader).useValue(reader);
  app = await builder.compile();
  const host = app.get<HostServer>(ServerService);
  return {
    app,
    host,
    registry: app.get(SchedulerRegistry),
    scheduler: app.get(MetricsScheduler),
    metrics: app.get(MetricsService),
  };
}

async function startAndInit(intervalSeconds: string) {
  const started = await start(intervalSeconds);
  await started.app.init();
  await pass(0);
  return started;
}

describe('at start', () => {
  beforeEach(stopTime);

  it('registers one interval, under its name', async () => {
    const { registry, scheduler } = await startAndInit('10');
    expect(METRICS_INTERVAL_NAME).toBe('metrics-collection');
    expect(registry.getIntervals()).toEqual(['metrics-collection']);
    expect([registry.getTimeouts(), [...registry.getCronJobs()]]).toEqual([[], []]);
    expect(scheduler.intervalSeconds).toBe(10);
  });

  it('registers nothing and takes no sample when the interval is 0', async () => {
    const { registry, scheduler, metrics } = await startAndInit('0');
    await pass(100_000);
    expect(registry.getIntervals()).toEqual([]);
    expect(metrics.buffer.length).toBe(0);
    expect(scheduler.intervalSeconds).toBe(0);
  });

  it('takes a sample, and then one after each interval', async () => {
    const { metrics } = await startAndInit('2.5');
    const lengths = [metrics.buffer.length];
    for (const seconds of [2.4, 0.1, 2.4, 0.1, 25]) {
      await pass(seconds);
      lengths.push(metrics.buffer.length);
    }
    expect(lengths).toEqual([1, 1, 2, 2, 3, 13]);
  });
});

describe('a tick', () => {
  beforeEach(stopTime);

  it('that fails is logged, and the next one comes', async () => {
    const { host, metrics } = await startAndInit('10');
    host.failure = new Error('the host cannot say');
    await pass(20);
    expect(metrics.buffer.length).toBe(1);
    expect(error.mock.calls).toEqual([
      ['A sample could not be taken', expect.stringContaining('the host cannot say')],
      ['A sample could not be taken', expect.stringContaining('the host cannot say')],
    ]);
    host.failure = null;
    await pass(10);
    expect(metrics.buffer.length).toBe(2);
  });

  it('is skipped while the sample before is still being taken', async () => {
    const reader = new HeldReader();
    const { app, host, metrics } = await start('10', reader);
    host.pid = 4242;
    await app.init();
    const collect = jest.spyOn(metrics, 'collect');
    await pass(35);
    expect([reader.calls, collect.mock.calls.length, metrics.buffer.length]).toEqual([1, 0, 0]);
    expect(metrics.stats.skipped).toBe(3);
    reader.release();
    await pass(0);
    expect([reader.calls, metrics.buffer.length]).toEqual([1, 1]);
    await pass(5);
    expect([reader.calls, collect.mock.calls.length]).toEqual([2, 1]);
    reader.release();
  });
});

describe('a game that has just started', () => {
  beforeEach(stopTime);

  /** A process that used all of a core since it started. */
  class AgingReader extends ProcessReader {
    bornAtMs = 0;

    override read(): Promise<ProcessCounters> {
      const readAtMs = Date.now();
      return Promise.resolve({
        cpuMs: readAtMs - this.bornAtMs,
        rssBytes: 64 * 1024 ** 2,
        threadCount: 1,
        startedAtMs: this.bornAtMs,
        readAtMs,
      });
    }
  }

  async function startGame(intervalSeconds: string) {
    const reader = new AgingReader();
    const started = await start(intervalSeconds, reader);
    await started.app.init();
    await pass(3);
    const begin = () => {
      reader.bornAtMs = Date.now();
      started.host.pid = 4242;
    };
    const samples = () =>
      started.metrics.history().map(({ gameMemoryMb, gameCpuPercent }) => [gameMemoryMb, gameCpuPercent]);
    return { ...started, begin, samples };
  }

  it('is sampled soon when the application tells, and the interval goes on as before', async () => {
    const { host, begin, samples } = await startGame('10');
    begin();
    host.gameServerChanged$.next();
    await pass(1);
    expect(samples()).toEqual([
      [null, null],
      [64, 100],
    ]);
    await pass(5.9);
    expect(samples()).toHaveLength(2);
    await pass(0.2);
    expect(samples()).toHaveLength(3);
    host.gameServerChanged$.next();
    await pass(2);
    expect(samples()).toHaveLength(3);
  });

  it('is sampled again soon when a tick met it too young', async () => {
    const { begin, samples } = await startGame('10');
    await pass(6.95);
    begin();
    await pass(1);
    expect(samples()).toEqual([
      [null, null],
      [64, null],
      [64, 100],
    ]);
    await pass(8.9);
    expect(samples()).toHaveLength(3);
  });

  it('gets no sample of its own while collection is off, when it has ended again, or after the end', async () => {
    const { app, host, scheduler, begin, samples } = await startGame('10');
    begin();
    host.gameServerChanged$.next();
    host.pid = null;
    await pass(1);
    expect(samples()).toHaveLength(1);
    begin();
    host.gameServerChanged$.next();
    scheduler.setIntervalSeconds(0);
    host.gameServerChanged$.next();
    await pass(100);
    expect(samples()).toHaveLength(1);
    await app.close();
    host.gameServerChanged$.next();
    await pass(100);
    expect(samples()).toHaveLength(1);
  });
});

describe('setIntervalSeconds', () => {
  beforeEach(stopTime);

  it('changes the interval at once, beginning with a sample', async () => {
    const { registry, scheduler, metrics } = await startAndInit('10');
    await pass(9);
    scheduler.setIntervalSeconds(2);
    await pass(0);
    expect(metrics.buffer.length).toBe(2);
    await pass(6);
    expect(metrics.buffer.length).toBe(5);
    expect(registry.getIntervals()).toEqual([METRICS_INTERVAL_NAME]);
    expect(scheduler.intervalSeconds).toBe(2);
  });

  it('stops the collection with 0, and takes it up again', async () => {
    const { registry, scheduler, metrics } = await startAndInit('10');
    scheduler.setIntervalSeconds(0);
    await pass(1000);
    expect(metrics.buffer.length).toBe(1);
    expect(registry.getIntervals()).toEqual([]);
    expect(scheduler.intervalSeconds).toBe(0);

    scheduler.setIntervalSeconds(10);
    await pass(10);
    expect(metrics.buffer.length).toBe(3);
  });

  it('says before the start with which interval the collection begins', async () => {
    const { app, registry, scheduler, metrics } = await start('10');
    scheduler.setIntervalSeconds(3);
    await pass(100);
    expect([registry.getIntervals(), metrics.buffer.length]).toEqual([[], 0]);
    await app.init();
    await pass(30);
    expect([scheduler.intervalSeconds, metrics.buffer.length]).toEqual([3, 11]);
  });

  it('starts nothing after the end', async () => {
    const { app, registry, scheduler, metrics } = await startAndInit('10');
    await app.close();
    scheduler.setIntervalSeconds(1);
    await pass(100);
    expect([registry.getIntervals(), metrics.buffer.length]).toEqual([[], 1]);
  });
});

describe('an interval that is not allowed', () => {
  it.each([NaN, -1, 0.05, 86_401, Infinity])(
    '%d is refused, and the one in force goes on',
    async (seconds) => {
      const { app, scheduler } = await start('10');
      await app.init();
      expect(() => {
        scheduler.setIntervalSeconds(seconds);
      }).toThrow(RangeError);
      expect(scheduler.intervalSeconds).toBe(10);
      await app.close();
    },
  );
});

describe('the end', () => {
  it('leaves no timer', async () => {
    // Of the real timers, those that keep the process alive.
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    const { app, registry, scheduler } = await start('0.5');
    await app.init();
    // In one turn, in which no other's timer ends: ours is one of those that are counted.
    scheduler.setIntervalSeconds(0);
    const without = timers();
    scheduler.setIntervalSeconds(0.7);
    expect(timers()).toBe(without + 1);
    await app.close();
    // Others' timers come and go; one of ours would stay.
    await waitFor(() => timers() <= before);
    expect(registry.getIntervals()).toEqual([]);
  });

  it('comes without another sample', async () => {
    stopTime();
    const { app, metrics } = await startAndInit('10');
    await app.close();
    await pass(1000);
    expect(metrics.buffer.length).toBe(1);
  });
});
