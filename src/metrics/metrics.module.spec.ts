import { afterAll, afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Global, Injectable, Logger, Module } from '@nestjs/common';
import { ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { Test, type TestingModule } from '@nestjs/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { Children } from '../testing/children.js';
import { kernelAgeMs, kernelRssMib } from '../testing/kernel.js';
import { waitFor } from '../testing/wait-for.js';
import { MetricsBuffer, MetricsModule, MetricsService, ServerService } from './index.js';

jest.spyOn(Logger.prototype, 'log').mockReturnValue();

/** The host application's own idea of a game server: a process that it started itself. */
@Injectable()
class HostServer extends ServerService {
  override gameServerPid: number | null = null;
}

@Global()
@Module({
  providers: [HostServer, { provide: ServerService, useExisting: HostServer }],
  exports: [ServerService],
})
class HostModule {}

/** A part of the host application that works with the metrics. */
@Injectable()
class HostDashboard {
  constructor(
    readonly metrics: MetricsService,
    readonly buffer: MetricsBuffer,
  ) {}
}

@Module({ imports: [MetricsModule], providers: [HostDashboard] })
class HostDashboardModule {}

const children = new Children();
const original = process.env;
let app: TestingModule | null = null;

beforeEach(() => {
  process.env = { VS_METRICS_INTERVAL: '0' };
});
afterEach(async () => {
  await app?.close();
  app = null;
  await children.end();
});
afterAll(() => {
  process.env = original;
});

async function start() {
  app = await Test.createTestingModule({
    imports: [ScheduleModule.forRoot(), HostModule, HostDashboardModule],
  }).compile();
  await app.init();
  const { metrics, buffer } = app.get(HostDashboard, { strict: false });
  return {
    metrics,
    buffer,
    server: app.get(HostServer, { strict: false }),
    registry: app.get(SchedulerRegistry),
  };
}

describe('MetricsModule in a bare host application', () => {
  it('measures the process that the host names', async () => {
    const { metrics, server } = await start();
    expect(await metrics.collect()).toMatchObject({ gameMemoryMb: null, gameCpuPercent: null });

    const { pid } = await children.sleeping();
    server.gameServerPid = pid;
    await sleep(Math.max(0, 250 - kernelAgeMs(pid)));
    // Either may just be given memory, or give some back.
    await waitFor(async () => {
      const { gameMemoryMb, apiMemoryMb } = await metrics.collect();
      const [game, api] = [Number(gameMemoryMb) / kernelRssMib(pid), apiMemoryMb / kernelRssMib(process.pid)];
      return Math.abs(game - 1) < 0.02 && Math.abs(api - 1) < 0.02;
    });
  });

  it('takes its settings along: capacity', async () => {
    process.env.VS_METRICS_CAPACITY = '2';
    const { metrics, buffer } = await start();
    for (let i = 0; i < 3; i++) await metrics.collect();
    expect(buffer.capacity).toBe(2);
    expect(buffer.length).toBe(2);
    expect(metrics.history()).toEqual(buffer.getAll());
  });

  it('takes its settings along: interval', async () => {
    process.env.VS_METRICS_INTERVAL = '3600';
    expect((await start()).registry.getIntervals()).toEqual(['metrics-collection']);
  });

  it('needs no setting', async () => {
    process.env = {};
    expect((await start()).buffer.capacity).toBe(360);
  });

  it('does not start with a setting that cannot be used', async () => {
    process.env.VS_METRICS_CAPACITY = '0';
    const starting = Test.createTestingModule({
      imports: [ScheduleModule.forRoot(), HostModule, MetricsModule],
    }).compile();
    await expect(starting).rejects.toThrow('VS_METRICS_CAPACITY="0" cannot be used');
  });

  it.each([
    ['a ServerService', [ScheduleModule.forRoot(), MetricsModule], 'MetricsModule found no ServerService'],
    ['a scheduler', [HostModule, MetricsModule], 'MetricsModule found no SchedulerRegistry'],
  ])('says so when the host lacks %s', async (_, imports, message) => {
    await expect(Test.createTestingModule({ imports }).compile()).rejects.toThrow(message);
  });
});
