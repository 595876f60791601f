import { afterAll, afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Global, Injectable, Logger, Module, type ModuleMetadata } from '@nestjs/common';
import { Interval, ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { Test, type TestingModule } from '@nestjs/testing';
import { Children } from '../testing/children.js';
import { kernelRssMib } from '../testing/kernel.js';
import { waitFor } from '../testing/wait-for.js';
import { LinuxReader } from '../process/linux/linux-reader.js';
import { PidusageReader } from '../process/pidusage-reader.js';
import { isLinux } from '../process/platform.js';
import { ProcessReader } from '../process/process-reader.js';
import {
  METRICS_INTERVAL_NAME,
  MetricsBuffer,
  MetricsModule,
  type MetricsModuleOptions,
  MetricsScheduler,
  MetricsService,
  ServerService,
} from './index.js';

jest.spyOn(Logger.prototype, 'log').mockReturnValue();
const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();

const children = new Children();
const original = process.env;
const apps: TestingModule[] = [];

beforeEach(() => {
  process.env = {};
  warn.mockClear();
});
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
  await children.end();
});
afterAll(() => {
  process.env = original;
});

async function start(...imports: NonNullable<ModuleMetadata['imports']>): Promise<TestingModule> {
  const app = await Test.createTestingModule({ imports }).compile();
  apps.push(app);
  return app.init();
}

/** What a host that imports one of these modules gets. */
async function startWith(options: MetricsModuleOptions): Promise<TestingModule> {
  return start(MetricsModule.forRoot(options));
}

function settingsOf(app: TestingModule) {
  const { capacity } = app.get(MetricsBuffer);
  return { intervalSeconds: app.get(MetricsScheduler).intervalSeconds, capacity };
}

@Injectable()
class OfTheHost {
  readonly values = { seconds: 77, samples: 7 };
}
@Module({ providers: [OfTheHost], exports: [OfTheHost] })
class HostSettingsModule {}

@Global()
@Module({
  providers: [{ provide: ServerService, useValue: { gameServerPid: process.ppid } }],
  exports: [ServerService],
})
class HostServerModule {}

describe('options', () => {
  it('need none: the defaults hold, and this process alone is measured', async () => {
    const app = await start(MetricsModule.forRoot());
    expect(settingsOf(app)).toEqual({ intervalSeconds: 10, capacity: 360 });
    expect(await app.get(MetricsService).collect()).toMatchObject({ gameMemoryMb: null });
    expect(app.get(MetricsService).current?.apiMemoryMb).toBeGreaterThan(10);
  });

  it('win over the environment, which has the rest', async () => {
    process.env = { VS_METRICS_INTERVAL: '3600', VS_METRICS_CAPACITY: '2', VS_METRICS_ENGINE: 'pidusage' };
    const app = await startWith({ intervalSeconds: 1800, capacity: undefined });
    expect(settingsOf(app)).toEqual({ intervalSeconds: 1800, capacity: 2 });
    expect(app.get(ProcessReader)).toBeInstanceOf(PidusageReader);
  });

  it('choose the reader', async () => {
    expect((await startWith({ reader: 'pidusage' })).get(ProcessReader)).toBeInstanceOf(PidusageReader);
    if (!isLinux) return;
    process.env.VS_METRICS_ENGINE = 'pidusage';
    expect((await startWith({ reader: 'native' })).get(ProcessReader)).toBeInstanceOf(LinuxReader);
  });

  it('switch the collection off', async () => {
    const app = await startWith({ intervalSeconds: 0 });
    expect(app.get(SchedulerRegistry).getIntervals()).toEqual([]);
    expect(app.get(MetricsScheduler).problem).toBeNull();
  });

  it('come from a factory, with what it injects', async () => {
    const app = await start(
      MetricsModule.forRootAsync({
        imports: [HostSettingsModule],
        inject: [OfTheHost],
        useFactory: async ({ values }: OfTheHost) =>
          Promise.resolve({ intervalSeconds: values.seconds, capacity: values.samples }),
      }),
    );
    expect(settingsOf(app)).toEqual({ intervalSeconds: 77, capacity: 7 });
  });

  it('make its providers known to every module with isGlobal, and else to none that does not import it', async () => {
    @Injectable()
    class Dashboard {
      constructor(readonly metrics: MetricsService) {}
    }
    @Module({ providers: [Dashboard] })
    class DashboardModule {}

    const app = await start(MetricsModule.forRoot({ isGlobal: true }), DashboardModule);
    expect(app.get(Dashboard, { strict: false }).metrics).toBe(app.get(MetricsService));
    const useFactory = () => ({});
    await start(MetricsModule.forRootAsync({ isGlobal: true, useFactory }), DashboardModule);
    await expect(start(MetricsModule.forRoot(), DashboardModule)).rejects.toThrow(/MetricsService/);
  });
});

describe('the option pid', () => {
  it('names the process to measure, in place of a ServerService', async () => {
    const { pid } = await children.sleeping();
    for (const option of [pid, () => pid]) {
      const app = await start(HostServerModule, MetricsModule.forRoot({ intervalSeconds: 0, pid: option }));
      const { gameMemoryMb } = await app.get(MetricsService).collect();
      expect(Math.abs(Number(gameMemoryMb) / kernelRssMib(pid) - 1)).toBeLessThan(0.02);
      expect(app.get(MetricsService).game?.pid).toBe(pid);
    }
  });

  it('is asked for each sample', async () => {
    const { pid } = await children.sleeping();
    let current: number | null | undefined;
    const app = await startWith({ intervalSeconds: 0, pid: () => current });
    const metrics = app.get(MetricsService);
    expect((await metrics.collect()).gameMemoryMb).toBeNull();
    current = pid;
    expect((await metrics.collect()).gameMemoryMb).toBeGreaterThan(1);
    current = null;
    expect((await metrics.collect()).gameMemoryMb).toBeNull();
    expect(warn).not.toHaveBeenCalled();
  });

  it('leaves the process to a ServerService when it is not given, and measures none when it is null', async () => {
    const host = await start(HostServerModule, MetricsModule.forRoot({ intervalSeconds: 0 }));
    expect((await host.get(MetricsService).collect()).gameMemoryMb).toBeGreaterThan(1);
    const alone = await start(HostServerModule, MetricsModule.forRoot({ intervalSeconds: 0, pid: null }));
    expect((await alone.get(MetricsService).collect()).gameMemoryMb).toBeNull();
  });

  it.each<[string, () => number, RegExp]>([
    ['throws', () => JSON.parse('{') as number, /names no process: Expected property name/],
    ['gives what is no process id', () => NaN, /names no process: NaN is no process id/],
  ])('may be a function that %s: a warning once, and samples go on', async (_, pid, message) => {
    const metrics = (await startWith({ intervalSeconds: 0, pid })).get(MetricsService);
    for (let i = 0; i < 3; i++) expect(await metrics.collect()).toMatchObject({ gameCpuPercent: null });
    expect(warn.mock.calls).toEqual([[expect.stringMatching(message)]]);
  });
});

describe('bad options', () => {
  const pidAllowed = 'a process id (a whole number from 1), null, or a function that gives one of them';

  it.each<[object, string]>([
    [{ intervalSeconds: NaN }, 'intervalSeconds=NaN cannot be used; allowed: 0 (off), or 0.1 to 86400'],
    [{ intervalSeconds: '10' }, 'intervalSeconds="10" cannot be used'],
    [{ intervalSeconds: -1 }, 'intervalSeconds=-1 cannot be used'],
    [{ intervalSeconds: 0.01 }, 'intervalSeconds=0.01 cannot be used'],
    [{ intervalSeconds: Infinity }, 'intervalSeconds=Infinity cannot be used'],
    [{ intervalSeconds: null }, 'intervalSeconds=null cannot be used'],
    [{ capacity: -5 }, 'capacity=-5 cannot be used; allowed: a whole number from 1 to 100000 (samples)'],
    [{ capacity: 1.5 }, 'capacity=1.5 cannot be used'],
    [{ capacity: 100_001 }, 'capacity=100001 cannot be used'],
    [{ capacity: [5] }, 'capacity=an object cannot be used'],
    [{ reader: 'guess' }, 'reader="guess" cannot be used; allowed: native (on Linux only) or pidusage'],
    [{ pid: 0 }, `pid=0 cannot be used; allowed: ${pidAllowed}`],
    [{ pid: '17' }, 'pid="17" cannot be used'],
    [{ pid: NaN }, 'pid=NaN cannot be used'],
    [{ isGlobal: 'yes' }, 'isGlobal="yes" cannot be used; allowed: true or false'],
    [{ interval: 10 }, 'no option interval; there are: intervalSeconds, capacity, reader, pid'],
  ])('%p are refused at the start, by name', async (options, message) => {
    await expect(start(MetricsModule.forRoot(options as MetricsModuleOptions))).rejects.toThrow(message);
  });

  it('are all named at once', async () => {
    const options = { intervalSeconds: NaN, capacity: 0 };
    await expect(start(MetricsModule.forRoot(options))).rejects.toThrow(
      /the option intervalSeconds=NaN .*\n.*the option capacity=0 /,
    );
  });

  it.each([
    [{ capacity: -5 }, 'the option capacity=-5 cannot be used'],
    [undefined, 'its options are an object, not undefined'],
  ])('from a factory (%j) are refused too', async (options, message) => {
    const useFactory = () => options as MetricsModuleOptions;
    await expect(start(MetricsModule.forRootAsync({ useFactory }))).rejects.toThrow(message);
  });
});

describe('imported more than once', () => {
  const once = MetricsModule.forRoot({ intervalSeconds: 3600, capacity: 5 });
  @Module({ imports: [MetricsModule] })
  class PlainModule {}
  @Module({ imports: [once] })
  class FirstModule {}
  @Module({ imports: [MetricsModule.forRoot({ intervalSeconds: 3600, capacity: 5 }), PlainModule] })
  class SecondModule {}

  it('there is one service, one interval and one set of options', async () => {
    const app = await start(PlainModule, FirstModule, SecondModule, once);
    const services = app.get(MetricsService, { strict: false, each: true });
    expect(services).toHaveLength(1);
    expect(services[0]?.buffer.capacity).toBe(5);
    expect(app.get(SchedulerRegistry).getIntervals()).toEqual([METRICS_INTERVAL_NAME]);
    expect(app.get(SchedulerRegistry, { strict: false, each: true })).toHaveLength(1);
  });

  it('with options that contradict each other it does not start', async () => {
    await expect(start(once, MetricsModule.forRoot({ intervalSeconds: 3600, capacity: 6 }))).rejects.toThrow(
      'forRoot() was called more than once, with different values of the option capacity',
    );
  });
});

describe('the scheduler', () => {
  it.each([
    ['before', () => [ScheduleModule.forRoot(), MetricsModule.forRoot({ intervalSeconds: 3600 })]],
    ['after', () => [MetricsModule.forRoot({ intervalSeconds: 3600 }), ScheduleModule.forRoot()]],
  ])('is the one of a host that imports it %s the module', async (_, imports) => {
    @Injectable()
    class Heart {
      beats = 0;

      @Interval('heart', 50)
      beat(): void {
        this.beats += 1;
      }
    }
    @Module({ providers: [Heart] })
    class HeartModule {}

    const app = await start(HeartModule, ...imports());
    const registries = app.get(SchedulerRegistry, { strict: false, each: true });
    expect(registries).toHaveLength(1);
    // Two of them would mount the host's own a second time, and end in "already exists".
    expect(registries[0]?.getIntervals().sort()).toEqual(['heart', METRICS_INTERVAL_NAME]);
    await waitFor(() => app.get(Heart, { strict: false }).beats > 1);
  });

  it('is imported where the host has none, and ends with the application', async () => {
    const app = await startWith({ intervalSeconds: 3600 });
    const registry = app.get(SchedulerRegistry);
    expect(registry.getIntervals()).toEqual([METRICS_INTERVAL_NAME]);
    await app.close();
    expect(registry.getIntervals()).toEqual([]);
  });
});
