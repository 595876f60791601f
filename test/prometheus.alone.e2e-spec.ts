import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type GameServerStatus } from '../src/game-server/game-server-status.js';
import { ApiProcess, MONITOR_KEY } from '../src/testing/api-process.mjs';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { waitFor } from '../src/testing/wait-for.js';
import { describeWith } from '../src/testing/components.js';
import { describeWithDotnet } from '../src/testing/dotnet.js';
import { dotnetProgram } from '../src/testing/dotnet/program.mjs';
import { DASHBOARD, expressionsOf } from './support/dashboard.js';
import { freePort } from './support/free-port.js';
import { DOCUMENTED, documented, Prometheus, promtool, type Series } from './support/prometheus.js';

const WINDOW_SECONDS = 10;
const MAX_DIFFERENCE_POINTS = 3;

/** The documented rules with thresholds that the sample server exceeds, and without the patience. */
const RULES_OF_THE_TEST = {
  '> 0.1': '> 0.001',
  '> 3': '> 0.05',
  '2048 * 1024^2': '2048 * 1024^4',
  '[2m]': '[5s]',
  '[5m]': '[5s]',
  '2m': '1s',
};
const DOWN = 'VintageStoryServerDown';
/** What fires all the time. */
const ALWAYS = ['CpuHigh', 'DiskNearlyFull', 'HistoryDegraded', 'MemoryNearLimit', 'TicksTooLong'].map(
  (rule) => `VintageStory${rule}`,
);

const queries = readFileSync(join(DOCUMENTED, 'queries.promql'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));

const SAMPLE_SERVER = `"${process.execPath}" "${resolve('examples/sample-server.mjs')}"`;
const hasDotnet = describeWithDotnet() !== describe.skip;
/** The sample server, with a .NET program among its processes: that has collections of its garbage. */
const command = () =>
  hasDotnet
    ? `sh -c '"$0" --rate 50 </dev/null >/dev/null & exec "$@"' "${dotnetProgram()}" ${SAMPLE_SERVER}`
    : SAMPLE_SERVER;

describeWith('Prometheus', '/usr/bin/prometheus')('a real Prometheus', () => {
  const folder = temporaryFolder();
  let api: ApiProcess;
  let prometheus: Prometheus;
  let beginSeconds: number;

  beforeAll(async () => {
    // A foreign file, which nobody may touch: the history is degraded.
    mkdirSync(join(folder.path, 'data'));
    writeFileSync(join(folder.path, 'data', 'metrics.db'), 'this is no database');
    // The game's own limit, which the sample server exceeds and does not know of.
    writeFileSync(join(folder.path, 'serverconfig.json'), '{ "DieAboveMemoryUsageMb": 48 }');
    api = await ApiProcess.start(
      {
        VS_METRICS_INTERVAL: '0.2',
        VS_METRICS_CAPACITY: '1000',
        VS_DATA_DIR: join(folder.path, 'data'),
        VS_SERVER_NAME: 'Snowfield',
        VS_SERVER_COMMAND: command(),
        VS_SERVER_AUTOSTART: 'true',
        // The .NET program does not know of the stop, and is ended after this.
        VS_SERVER_STOP_TIMEOUT: '2',
        VS_SERVER_DATA_PATH: folder.path,
        VS_SERVER_STATS_INTERVAL: '2',
        VS_ALERT_FOR: '1',
        // Nobody listens there: messages wait.
        VS_ALERT_WEBHOOK: `http://127.0.0.1:${await freePort()}/`,
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
      'rules.yml': documented('rules.yml', RULES_OF_THE_TEST),
    });
    beginSeconds = Date.now() / 1000;
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
    // A game that starts uses more than it does later.
    await waitFor(async () => {
      const { events } = await api.data<{ events: { kind: string }[] }>('events');
      return events.some(({ kind }) => kind === 'game_ready');
    });
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

  it('fires the documented alerts, but none for a stop that was asked for; a counter does not fall over a restart', async () => {
    await waitFor(async () => ALWAYS.join() === (await prometheus.firing()).sort().join());
    const cpuBefore = Number(await prometheus.value('vintagestory_server_cpu_seconds_total'));
    const startBefore = Number(await prometheus.value('vintagestory_server_start_time_seconds'));

    await api.data('server/stop', 'POST');
    await waitFor(async () => (await status()).state === 'stopped');
    await seen('vintagestory_server_up', (up) => up === 0);
    // Prometheus marks a series stale at the first scrape without it.
    expect(await prometheus.value('vintagestory_server_resident_memory_bytes')).toBeNull();
    expect(await prometheus.value('vintagestory_server_start_time_seconds')).toBeNull();
    await seen('max_over_time(vintagestory_server_up[6s])', (up) => up === 0);
    expect(await prometheus.query(`count_over_time(ALERTS{alertname="${DOWN}"}[5m])`)).toEqual([]);

    await api.data('server/start', 'POST');
    await seen('vintagestory_server_restarts_total', (restarts) => restarts === 1);
    await seen('vintagestory_server_up', (up) => up === 1);
    await seen('vintagestory_server_start_time_seconds', (start) => Number(start) > startBefore + 1);
    await seen('vintagestory_server_cpu_seconds_total', (cpu) => Number(cpu) > cpuBefore);
    expect(await prometheus.value('resets(vintagestory_server_cpu_seconds_total[5m])')).toBe(0);
  });

  it('fires the documented alert after a crash, until the game runs again', async () => {
    const { pid } = await status();
    if (pid === null) throw new Error('no game runs');
    process.kill(pid, 'SIGKILL');
    await waitFor(async () => (await prometheus.firing()).includes(DOWN));
    await waitFor(async () => (await status()).state === 'stopped');
    await api.data('server/start', 'POST');
    await waitFor(async () => !(await prometheus.firing()).includes(DOWN));
    await seen('vintagestory_tick_seconds', (seconds) => seconds !== null);
  });

  it('fires the documented alert when no samples are taken though they should be', async () => {
    const setInterval = (intervalSeconds: number | null) =>
      api.request('api/v1alpha1/settings', {
        method: 'PATCH',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ intervalSeconds }),
      });
    await setInterval(60);
    await waitFor(async () => (await prometheus.firing()).includes('VintageStoryNoSamples'));
    await setInterval(null);
    await waitFor(async () => !(await prometheus.firing()).includes('VintageStoryNoSamples'));
  });

  it('fires the documented alert while the API does not answer', async () => {
    api.child.kill('SIGSTOP');
    try {
      await waitFor(async () => (await prometheus.firing()).includes('VintageStoryApiDown'));
    } finally {
      api.child.kill('SIGCONT');
    }
    await waitFor(async () => !(await prometheus.firing()).includes('VintageStoryApiDown'));
  });

  it('has had a value for each expression of the rules and of the dashboard', async () => {
    const { groups } = await prometheus.data<{ groups: { rules: { query: string }[] }[] }>('rules');
    const rules = groups.flatMap(({ rules }) => rules.map(({ query }) => query));
    const shown = expressionsOf(DASHBOARD, {
      __rate_interval: '5s',
      __range: '5m',
      by: 'instance',
      server: new URL(api.url).host,
    });
    expect(rules.length).toBeGreaterThan(5);
    expect(shown.length).toBeGreaterThan(30);
    const times = { start: String(beginSeconds), end: String(Date.now() / 1000), step: '1' };
    const isEmpty = async (query: string) => {
      const { result } = await prometheus.data<{ result: Series[] }>('query_range', { query, ...times });
      return !result.some(({ values = [] }) => values.some(([, value]) => Number.isFinite(Number(value))));
    };
    const wanted = [...rules, ...shown].filter((query) => hasDotnet || !query.includes('dotnet'));
    const empty = await Promise.all(wanted.map(async (query) => ((await isEmpty(query)) ? [query] : [])));
    expect(empty.flat()).toEqual([]);
  });

  it('has no series that the dashboard does not show, and its servers are found', async () => {
    const names = await prometheus.data<string[]>('label/__name__/values');
    const shown = expressionsOf(DASHBOARD, {}).join('\n');
    const own = names.filter((name) => name.startsWith('vintagestory_'));
    expect(own.length).toBeGreaterThan(20);
    expect(own.filter((name) => !shown.includes(name))).toEqual([]);
    const [, series] = /^label_values\((\w+), \$by\)$/.exec(serverVariable()) ?? [];
    expect(own).toContain(series);
  });

  it('has tools that find nothing to complain of', async () => {
    const text = await (await api.request('metrics')).text();
    const own = text
      .split('\n')
      .filter((line) => /^(# (HELP|TYPE) )?vintagestory_/.test(line))
      .join('\n');
    expect(promtool(['check', 'metrics'], `${own}\n`)).toEqual({ status: 0, output: '' });
    const rules = promtool(['check', 'rules', join(DOCUMENTED, 'rules.yml')]);
    expect(rules).toMatchObject({ status: 0, output: expect.stringContaining('8 rules found') });
  });
});

function serverVariable(): string {
  return DASHBOARD.templating.list.find(({ name }) => name === 'server')?.definition ?? '';
}
