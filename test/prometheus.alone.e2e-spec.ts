import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type GameServerStatus } from '../src/game-server/game-server-status.js';
import { ApiProcess, MONITOR_KEY } from '../src/testing/api-process.mjs';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { waitFor } from '../src/testing/wait-for.js';
import { describeWith } from '../src/testing/components.js';
import { DOCUMENTED, documented, Prometheus, promtool } from './support/prometheus.js';

const WINDOW_SECONDS = 10;
const MAX_DIFFERENCE_POINTS = 3;

const queries = readFileSync(join(DOCUMENTED, 'queries.promql'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));

describeWith('Prometheus', '/usr/bin/prometheus')('a real Prometheus', () => {
  const folder = temporaryFolder();
  let api: ApiProcess;
  let prometheus: Prometheus;

  beforeAll(async () => {
    api = await ApiProcess.start(
      {
        VS_METRICS_INTERVAL: '0.2',
        VS_METRICS_CAPACITY: '1000',
        VS_SERVER_COMMAND: `${process.execPath} ${resolve('examples/sample-server.mjs')}`,
        VS_SERVER_AUTOSTART: 'true',
        SAMPLE_LOAD_PERCENT: '40',
        SAMPLE_SAVE_MS: '50',
      },
      folder.path,
    );
    const keyFile = join(folder.path, 'monitor.key');
    writeFileSync(keyFile, MONITOR_KEY);
    prometheus = await Prometheus.start(join(folder.path, 'prometheus'), {
      'prometheus.yml': documented('prometheus.yml', {
        '15s': '1s',
        '/etc/prometheus/vintagestory.key': keyFile,
        '127.0.0.1:8080': new URL(api.url).host,
      }).replace('scrape_interval: 1s', 'scrape_interval: 1s\n  evaluation_interval: 1s'),
      // The documented rules, with a limit that the sample server exceeds, and without the patience.
      'rules.yml': documented('rules.yml', { '16 * 1024^3': '16 * 1024^2', '2m': '1s', '5m': '1s' }),
    });
  });

  afterAll(async () => {
    await prometheus.stop();
    // The polite way: the API stops its game.
    api.child.kill('SIGTERM');
    await api.exited;
    folder.remove();
  });

  const seen = (query: string, accepts: (value: number | null) => boolean) =>
    waitFor(async () => accepts(await prometheus.value(query)), query);
  const status = () => api.data<GameServerStatus>('server/status');

  it('scrapes the target with the monitor key and keeps its series', async () => {
    await seen('up{job="vintagestory"}', (up) => up === 1);
    await seen('vintagestory_server_resident_memory_bytes', (bytes) => bytes !== null);
    await seen('count_over_time(vintagestory_server_up[1m])', (count) => Number(count) >= 3);
    const now = Date.now() / 1000;
    const { result } = await prometheus.data<{ result: { values: unknown[] }[] }>('query_range', {
      query: 'vintagestory_server_resident_memory_bytes',
      start: String(now - 10),
      end: String(now),
      step: '1',
    });
    expect(result).toHaveLength(1);
    expect(result[0]?.values.length).toBeGreaterThanOrEqual(2);
    const labels = (await prometheus.query('vintagestory_server_up'))[0]?.metric ?? {};
    expect(Object.keys(labels).sort()).toEqual(['__name__', 'instance', 'job']);
  });

  it('computes the CPU that the samples say', async () => {
    await sleep((WINDOW_SECONDS + 1) * 1000);
    const endSeconds = Date.now() / 1000;
    const { metrics } = await api.data<{ metrics: { timestamp: string; gameCpuPercent: number | null }[] }>(
      'metrics/history',
    );
    const window = metrics.filter(({ timestamp }) => {
      const ageSeconds = endSeconds - Date.parse(timestamp) / 1000;
      return ageSeconds >= 0 && ageSeconds <= WINDOW_SECONDS;
    });
    const ours = window.reduce((sum, { gameCpuPercent }) => sum + Number(gameCpuPercent), 0) / window.length;
    const query = `100 * rate(vintagestory_server_cpu_seconds_total[${WINDOW_SECONDS}s])`;
    const theirs = await prometheus.value(query, endSeconds);
    expect(ours).toBeGreaterThan(20);
    expect(Math.abs(Number(theirs) - ours)).toBeLessThan(MAX_DIFFERENCE_POINTS);
  });

  it('answers the documented queries', async () => {
    const [cpu, memory, hours] = await Promise.all(queries.map((query) => prometheus.value(query)));
    expect(queries).toHaveLength(3);
    // Its window of a minute began before the game did.
    expect(cpu).toBeGreaterThan(4);
    expect(memory).toBeGreaterThan(50);
    expect(memory).toBeLessThan(1000);
    expect(Number(hours) * 3600).toBeGreaterThan(WINDOW_SECONDS);
    expect(Number(hours) * 3600).toBeLessThan(300);
  });

  it('fires the documented alerts, sees the stop, and a counter that does not fall over a restart', async () => {
    await waitFor(async () => (await prometheus.firing()).includes('VintageStoryMemoryNearLimit'));
    expect(await prometheus.firing()).toEqual(['VintageStoryMemoryNearLimit']);
    const cpuBefore = Number(await prometheus.value('vintagestory_server_cpu_seconds_total'));
    const startBefore = Number(await prometheus.value('vintagestory_server_start_time_seconds'));

    await api.data('server/stop', 'POST');
    await waitFor(async () => (await status()).state === 'stopped');
    await seen('vintagestory_server_up', (up) => up === 0);
    // Prometheus marks a series stale at the first scrape without it.
    expect(await prometheus.value('vintagestory_server_resident_memory_bytes')).toBeNull();
    expect(await prometheus.value('vintagestory_server_start_time_seconds')).toBeNull();
    await waitFor(async () => (await prometheus.firing()).join() === 'VintageStoryServerDown');

    await api.data('server/start', 'POST');
    await seen('vintagestory_server_restarts_total', (restarts) => restarts === 1);
    await seen('vintagestory_server_up', (up) => up === 1);
    await seen('vintagestory_server_start_time_seconds', (start) => Number(start) > startBefore + 1);
    await seen('vintagestory_server_cpu_seconds_total', (cpu) => Number(cpu) > cpuBefore);
    expect(await prometheus.value('resets(vintagestory_server_cpu_seconds_total[5m])')).toBe(0);
  });

  it('has tools that find nothing to complain of', async () => {
    const text = await (await api.request('metrics')).text();
    const own = text
      .split('\n')
      .filter((line) => /^(# (HELP|TYPE) )?vintagestory_/.test(line))
      .join('\n');
    expect(promtool(['check', 'metrics'], `${own}\n`)).toEqual({ status: 0, output: '' });
    const rules = promtool(['check', 'rules', join(DOCUMENTED, 'rules.yml')]);
    expect(rules).toMatchObject({ status: 0, output: expect.stringContaining('2 rules found') });
  });
});
