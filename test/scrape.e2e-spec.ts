import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Global, type LoggerService, Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { Test } from '@nestjs/testing';
import { pbkdf2 } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { PrometheusMetrics } from '../src/http/routes/prometheus-metrics.js';
import { MetricsModule, MetricsService, ServerService } from '../src/metrics/index.js';
import { ADMIN_KEY, ApiProcess, MONITOR_KEY } from '../src/testing/api-process.mjs';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { Children } from '../src/testing/children.js';

/** Value of a metric without labels in Prometheus's text; undefined when it is absent. */
function valueOf(name: string, text: string): number | undefined {
  const value = new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1];
  return value === undefined ? undefined : Number(value);
}

const ownLines = (text: string) => text.split('\n').filter((line) => line.startsWith('vintagestory_'));

describe('GET /metrics', () => {
  const folder = temporaryFolder();
  let api: ApiProcess;

  afterAll(async () => {
    await api.kill();
    folder.remove();
  });

  // An interval so long that the one sample is that of the start.
  const start = (variables: Record<string, string> = {}) =>
    ApiProcess.start({ VS_METRICS_INTERVAL: '600', VS_DATA_DIR: '', ...variables }, folder.path);

  beforeAll(async () => {
    api = await start();
  });

  it('shows nothing without a key, and takes either key in either header', async () => {
    for (const [key, headers] of [
      [null, {}],
      ['wrong', {}],
      [null, { authorization: 'Bearer wrong' }],
    ] as const) {
      const answer = await api.request('metrics', { headers }, key);
      expect(answer.status).toBe(401);
      expect(await answer.text()).not.toMatch(/vintagestory_|process_|nodejs_/);
    }
    for (const key of [ADMIN_KEY, MONITOR_KEY]) {
      expect((await api.request('metrics', {}, key)).status).toBe(200);
      const bearer = await api.request('metrics', { headers: { authorization: `Bearer ${key}` } }, null);
      expect(bearer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    }
  });

  it('is open to all, and it alone, with VS_PROMETHEUS_PUBLIC', async () => {
    const open = await start({ VS_PROMETHEUS_PUBLIC: 'true' });
    try {
      expect((await open.request('metrics', {}, null)).status).toBe(200);
      expect((await open.request('api/v1alpha1/metrics/current', {}, null)).status).toBe(401);
      expect((await open.request('api/v1alpha1/server/status', {}, null)).status).toBe(401);
    } finally {
      await open.kill();
    }
  });

  it('answers 50 at once alike, and takes no sample for any', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, async () => (await api.request('metrics')).text()),
    );
    const [first = '', ...others] = answers;
    for (const other of others) expect(ownLines(other)).toEqual(ownLines(first));
    expect(valueOf('vintagestory_collector_samples_total', first)).toBe(1);
    expect(valueOf('vintagestory_collector_sample_duration_seconds_count', first)).toBe(1);
    expect(valueOf('vintagestory_collector_buffer_samples', first)).toBe(1);
    expect(valueOf('vintagestory_collector_buffer_capacity_samples', first)).toBe(360);
    expect(valueOf('vintagestory_collector_interval_seconds', first)).toBe(600);
  });

  it('leaves out what a stopped server has not, and tells of this process', async () => {
    const text = await (await api.request('metrics')).text();
    expect(valueOf('vintagestory_server_up', text)).toBe(0);
    expect(valueOf('vintagestory_server_cpu_seconds_total', text)).toBe(0);
    expect(valueOf('vintagestory_server_resident_memory_bytes', text)).toBeUndefined();
    expect(valueOf('vintagestory_server_start_time_seconds', text)).toBeUndefined();
    expect(valueOf('process_resident_memory_bytes', text)).toBeGreaterThan(1024 * 1024);
  });
});

const silent: LoggerService = { log: () => undefined, warn: () => undefined, error: () => undefined };
const derive = promisify(pbkdf2);

/** Fills Node's thread pool, through which processes are read, for some hundred milliseconds. */
const busyThreadPool = () =>
  Promise.all(Array.from({ length: 8 }, () => derive('a', 'b', 400_000, 64, 'sha512')));

describe('what Prometheus sees of a host with its own server', () => {
  const children = new Children();
  const environment = process.env;
  let close: () => Promise<void>;

  beforeEach(() => {
    process.env = { ...environment, VS_METRICS_INTERVAL: '0.1', VS_METRICS_ENGINE: 'pidusage' };
  });

  afterEach(async () => {
    await close();
    process.env = environment;
    await children.end();
  });

  async function hostOf(server: ServerService) {
    @Global()
    @Module({ providers: [{ provide: ServerService, useValue: server }], exports: [ServerService] })
    class HostServerModule {}
    const host = await Test.createTestingModule({
      imports: [ScheduleModule.forRoot(), HostServerModule, MetricsModule],
      providers: [PrometheusMetrics],
    })
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
    await sleep(300);
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
    expect(valueOf('vintagestory_server_start_time_seconds', answer)).toBeCloseTo(Date.now() / 1000, -1);
  });
});
