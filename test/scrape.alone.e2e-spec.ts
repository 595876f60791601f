import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type LoggerService } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { ScheduleModule } from '@nestjs/schedule';
import { Test } from '@nestjs/testing';
import { pbkdf2 } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { AlertsModule } from '../src/alerts/alerts.module.js';
import { EventsModule } from '../src/events/events.module.js';
import { GameServerModule } from '../src/game-server/game-server.module.js';
import { httpConfig } from '../src/http/http.config.js';
import { PrometheusMetrics } from '../src/http/routes/prometheus-metrics.js';
import { MetricsModule, MetricsService, ServerService } from '../src/metrics/index.js';
import { TelemetryModule } from '../src/telemetry/telemetry.module.js';
import { Children } from '../src/testing/children.js';
import { kernelAgeMs } from '../src/testing/kernel.js';
import { valueOf } from './support/metric-value.js';

const silent: LoggerService = { log: () => undefined, warn: () => undefined, error: () => undefined };
const derive = promisify(pbkdf2);

/** Fills Node's thread pool, through which processes are read, for some hundred milliseconds. */
const busyThreadPool = () =>
  Promise.all(Array.from({ length: 8 }, () => derive('a', 'b', 400_000, 64, 'sha512')));

describe('what Prometheus sees of one sample after another', () => {
  const children = new Children();
  const environment = process.env;
  let close: () => Promise<void>;

  beforeEach(() => {
    process.env = {
      ...environment,
      VS_METRICS_INTERVAL: '0.1',
      VS_METRICS_ENGINE: 'pidusage',
      VS_DATA_DIR: '',
    };
  });

  afterEach(async () => {
    await close();
    process.env = environment;
    await children.end();
  });

  async function hostOf(server: ServerService) {
    const host = await Test.createTestingModule({
      imports: [
        ScheduleModule.forRoot(),
        ConfigModule.forFeature(httpConfig),
        EventsModule,
        GameServerModule,
        MetricsModule,
        TelemetryModule,
        AlertsModule,
      ],
      providers: [PrometheusMetrics],
    })
      .overrideProvider(ServerService)
      .useValue(server)
      .setLogger(silent)
      .compile();
    close = () => host.close();
    return {
      start: () => host.init(),
      metrics: host.get(MetricsService),
      text: () => host.get(PrometheusMetrics).text(),
    };
  }

  // pidusage reads through the thread pool, so that a sample can be made to last.
  it('shows the sample before while one is being taken, and counts the ticks meanwhile as skipped', async () => {
    const { pid } = await children.sleeping();
    const { metrics, start, text } = await hostOf({ gameServerPid: pid });
    await start();
    while (metrics.game === null) await sleep(20);
    const busy = busyThreadPool();
    while (!metrics.isCollecting) await sleep(1);
    const { taken } = metrics.stats;
    const during = await text();
    expect(metrics.isCollecting).toBe(true);
    expect(valueOf('vintagestory_collector_samples_total', during)).toBe(taken);
    expect(valueOf('vintagestory_server_up', during)).toBe(1);
    expect(valueOf('vintagestory_server_resident_memory_bytes', during)).toBe(metrics.game.rssBytes);
    await busy;
    const after = await text();
    expect(valueOf('vintagestory_collector_skipped_samples_total', after)).toBeGreaterThan(0);
    expect(valueOf('vintagestory_collector_failed_samples_total', after)).toBe(0);
  });

  it('counts a sample that throws as failed, and goes on', async () => {
    let isBroken = true;
    const { metrics, text } = await hostOf({
      get gameServerPid(): number | null {
        if (isBroken) throw new Error('no pid today');
        return null;
      },
    });
    await expect(metrics.collect()).rejects.toThrow('no pid today');
    isBroken = false;
    await metrics.collect();
    const answer = await text();
    expect(valueOf('vintagestory_collector_failed_samples_total', answer)).toBe(1);
    expect(valueOf('vintagestory_collector_samples_total', answer)).toBe(1);
  });

  it('counts a restart when another process takes over, not when the pid pauses', async () => {
    const [first, second] = [await children.burning(), await children.burning()];
    const server: { gameServerPid: number | null } = { gameServerPid: first.pid };
    const { metrics, text } = await hostOf(server);
    await sleep(1500);
    await metrics.collect();
    const cpuMs = metrics.gameCpuTotalMs;
    server.gameServerPid = null;
    await metrics.collect();
    expect(valueOf('vintagestory_server_up', await text())).toBe(0);
    server.gameServerPid = first.pid;
    await metrics.collect();
    expect(valueOf('vintagestory_server_restarts_total', await text())).toBe(0);
    // The CPU time before the pause is in there once.
    expect(metrics.gameCpuTotalMs).toBeLessThan(1.8 * cpuMs);

    server.gameServerPid = second.pid;
    expect(valueOf('vintagestory_server_resident_memory_bytes', await text())).toBeUndefined();
    await metrics.collect();
    const answer = await text();
    expect(valueOf('vintagestory_server_restarts_total', answer)).toBe(1);
    expect(valueOf('vintagestory_server_resident_memory_bytes', answer)).toBeGreaterThan(1024 * 1024);
    expect(valueOf('vintagestory_server_start_time_seconds', answer)).toBeCloseTo(
      (Date.now() - kernelAgeMs(second.pid)) / 1000,
      0,
    );
  });
});
