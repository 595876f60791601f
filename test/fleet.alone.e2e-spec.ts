import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeWith } from '../src/testing/components.js';
import { type GameServerStatus } from '../src/game-server/game-server-status.js';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { waitFor } from '../src/testing/wait-for.js';
import { ApiProcess, MONITOR_KEY, type WireSnapshot } from '../src/testing/api-process.mjs';
import { freePort } from './support/free-port.js';
import { Program } from './support/program.js';
import { promtool, type Series } from './support/prometheus.js';

const EXAMPLES = resolve('examples/fleet');
const STORE_USER = 'fleet';
const STORE_PASSWORD = 'password-of-the-store';
const AUTHORIZATION = `Basic ${Buffer.from(`${STORE_USER}:${STORE_PASSWORD}`).toString('base64')}`;
const WINDOW_SECONDS = 10;
const MAX_DIFFERENCE_POINTS = 3;
const MAX_DIFFERENCE_SHARE = 0.01;

/** Which server runs at which site, how it calls itself, and under which load it is. The last one's file is wrong. */
const FLEET = [
  { site: 'home', server: 'survival', name: 'survival', load: '10' },
  { site: 'home', server: 'creative', name: 'creative', load: '25' },
  { site: 'attic', server: 'modded', name: 'vanilla', load: '40' },
] as const;

/**
 * For promtool: one server is heard of all the time, the other no longer after two minutes; that one's target file gives it
 * the name of the first.
 */
const RULES_TEST = {
  rule_files: ['rules.yml'],
  tests: [
    {
      interval: '1m',
      input_series: [
        { series: 'up{job="vintagestory", site="home", server="a"}', values: '1x30' },
        { series: 'up{job="vintagestory", site="home", server="b"}', values: '0x2' },
        {
          series: 'vintagestory_server_info{site="home", server="a", name="a", version="1"}',
          values: '1x30',
        },
        { series: 'vintagestory_server_info{site="home", server="b", name="a", version="1"}', values: '1x2' },
        { series: 'vintagestory_server_info{site="home", server="c", name="", version="1"}', values: '1x2' },
      ],
      promql_expr_test: [
        { expr: 'server:vintagestory_silent:present', eval_time: '2m', exp_samples: [] },
        {
          expr: 'server:vintagestory_silent:present',
          eval_time: '20m',
          exp_samples: [{ labels: 'server:vintagestory_silent:present{site="home", server="b"}', value: 1 }],
        },
        {
          expr: 'server:vintagestory_misnamed:present',
          eval_time: '2m',
          exp_samples: [
            { labels: 'server:vintagestory_misnamed:present{site="home", server="b"}', value: 1 },
          ],
        },
      ],
    },
  ],
};

interface Instance {
  readonly site: string;
  readonly server: string;
  readonly api: ApiProcess;
}

describeWith('VictoriaMetrics', '/usr/bin/victoria-metrics')('a fleet', () => {
  const folder = temporaryFolder();
  const instances: Instance[] = [];
  const programs: Program[] = [];
  const keyFile = join(folder.path, 'vintagestory.key');
  const passwordFile = join(folder.path, 'store.password');
  let storeUrl: string;

  beforeAll(async () => {
    writeFileSync(keyFile, MONITOR_KEY);
    writeFileSync(passwordFile, STORE_PASSWORD);
    await all([startStore(), ...FLEET.map(startInstance)]);
    await all([startAgent('home'), startAgent('attic'), startRules()]);
  }, 300_000);

  afterAll(async () => {
    for (const program of programs.reverse()) await program.stop();
    await Promise.all(instances.map(({ api }) => api.end()));
    folder.remove();
  });

  async function startInstance({ site, server, name, load }: (typeof FLEET)[number]): Promise<void> {
    const cwd = join(folder.path, server);
    mkdirSync(cwd);
    const api = await ApiProcess.start(
      {
        VS_METRICS_INTERVAL: '0.2',
        VS_METRICS_CAPACITY: '1000',
        VS_SERVER_COMMAND: `${process.execPath} ${resolve('examples/sample-server.mjs')}`,
        VS_SERVER_AUTOSTART: 'true',
        VS_SERVER_NAME: name,
        SAMPLE_LOAD_PERCENT: load,
        SAMPLE_SAVE_MS: '50',
      },
      cwd,
    );
    instances.push({ site, server, api });
  }

  async function startStore(): Promise<void> {
    storeUrl = `http://127.0.0.1:${await freePort()}`;
    const command = [
      'victoria-metrics',
      `-storageDataPath=${join(folder.path, 'store')}`,
      `-httpListenAddr=${new URL(storeUrl).host}`,
      `-httpAuth.username=${STORE_USER}`,
      `-httpAuth.password=${STORE_PASSWORD}`,
      // By default it answers with what is 30 s old.
      '-search.latencyOffset=1s',
      '-loggerLevel=WARN',
    ];
    programs.push(await Program.start(command, folder.path, `${storeUrl}/health`));
  }

  /** An example's text with quick scrapes and sends, this machine's addresses, and the site's name. */
  function example(file: string, site: string): string {
    const own: Record<string, string> = {
      'scrape_interval: 15s': 'scrape_interval: 1s',
      'site: home': `site: ${site}`,
      '/etc/prometheus/vintagestory.key': keyFile,
      '/etc/prometheus/store.password': passwordFile,
      'http://127.0.0.1:8428': storeUrl,
      'remote_write:\n  - url:': 'remote_write:\n  - queue_config: { batch_send_deadline: 1s }\n    url:',
    };
    return Object.entries(own).reduce(
      (text, [theirs, ours]) => {
        if (!text.includes(theirs)) throw new Error(`${file} no longer says ${theirs}`);
        return text.replaceAll(theirs, ours);
      },
      readFileSync(join(EXAMPLES, file), 'utf8'),
    );
  }

  async function startAgent(site: string): Promise<void> {
    const cwd = join(folder.path, `agent-${site}`);
    mkdirSync(join(cwd, 'targets'), { recursive: true });
    writeFileSync(join(cwd, 'agent.yml'), example('agent.yml', site));
    const targets = instances
      .filter((instance) => instance.site === site)
      .map(({ server, api }) => ({ targets: [new URL(api.url).host], labels: { server } }));
    // JSON is YAML as well.
    writeFileSync(join(cwd, 'targets', 'here.yml'), JSON.stringify(targets));
    const address = `127.0.0.1:${await freePort()}`;
    const command = [
      ...['prometheus', '--enable-feature=agent', '--config.file=agent.yml', '--storage.agent.path=wal'],
      `--web.listen-address=${address}`,
      '--log.level=warn',
    ];
    programs.push(await Program.start(command, cwd, `http://${address}/-/ready`));
  }

  async function startRules(): Promise<void> {
    const cwd = join(folder.path, 'rules');
    mkdirSync(cwd);
    const text = readFileSync(join(EXAMPLES, 'rules.yml'), 'utf8').replace('interval: 15s', 'interval: 1s');
    writeFileSync(join(cwd, 'rules.yml'), text);
    const address = `127.0.0.1:${await freePort()}`;
    const access = (kind: string) => [
      `-${kind}.url=${storeUrl}`,
      `-${kind}.basicAuth.username=${STORE_USER}`,
      `-${kind}.basicAuth.passwordFile=${passwordFile}`,
    ];
    const command = [
      ...['vmalert', '-rule=rules.yml', ...access('datasource'), ...access('remoteWrite')],
      '-remoteWrite.flushInterval=1s',
      `-httpListenAddr=${address}`,
      '-loggerLevel=WARN',
    ];
    programs.push(await Program.start(command, cwd, `http://${address}/health`));
  }

  async function query(text: string, atSeconds = Date.now() / 1000): Promise<readonly Series[]> {
    const url = new URL('/api/v1/query', storeUrl);
    url.search = new URLSearchParams({ query: text, time: atSeconds.toFixed(3), nocache: '1' }).toString();
    const answer = await fetch(url, { headers: { authorization: AUTHORIZATION } });
    const body = (await answer.json()) as { status: string; error?: string; data: { result: Series[] } };
    if (body.status !== 'success') throw new Error(`${text}: ${String(body.error)}`);
    return body.data.result;
  }

  /** The values of a query by the names of the servers. */
  async function byServer(text: string, atSeconds?: number): Promise<Record<string, number>> {
    const entries = (await query(text, atSeconds)).map(({ metric, value }) => [
      metric.server,
      Number(value?.[1]),
    ]);
    return Object.fromEntries(entries) as Record<string, number>;
  }

  const ALL_UP = { survival: 1, creative: 1, modded: 1 };

  it('answers by server with what each instance has in its own history', async () => {
    await waitFor(
      async () => Object.keys(await byServer('vintagestory_server_cpu_seconds_total')).length === 3,
    );
    // A game that starts uses more than it does later.
    const isReady = async ({ api }: Instance) =>
      (await api.data<{ events: { kind: string }[] }>('events')).events.some(
        ({ kind }) => kind === 'game_ready',
      );
    for (const instance of instances) await waitFor(() => isReady(instance), 'its game is ready');
    await sleep((WINDOW_SECONDS + 1) * 1000);
    const atSeconds = Date.now() / 1000;
    const histories = await Promise.all(
      instances.map(async ({ api }) => {
        const { metrics } = await api.data<{ metrics: WireSnapshot[] }>('metrics/history');
        return metrics.filter(({ timestamp }) => {
          const ageSeconds = atSeconds - Date.parse(timestamp) / 1000;
          return ageSeconds >= 0 && ageSeconds <= WINDOW_SECONDS;
        });
      }),
    );
    // What was scraped must have reached the store.
    const lastScrape = () => byServer('timestamp(vintagestory_server_up)');
    await waitFor(async () => Object.values(await lastScrape()).every((seconds) => seconds > atSeconds));

    const range = `[${WINDOW_SECONDS}s]`;
    const cpu = await byServer(`100 * rate(vintagestory_server_cpu_seconds_total${range})`, atSeconds);
    const memory = await byServer(
      `avg_over_time(vintagestory_server_resident_memory_bytes${range})`,
      atSeconds,
    );
    for (const [at, { server }] of instances.entries()) {
      const samples = histories[at] ?? [];
      const mean = (values: (number | null)[]) =>
        values.reduce<number>((sum, value) => sum + Number(value), 0) / values.length;
      const ownCpu = mean(samples.map(({ gameCpuPercent }) => gameCpuPercent));
      const ownMemory = mean(samples.map(({ gameMemoryMb }) => gameMemoryMb)) * 1024 ** 2;
      expect(ownCpu).toBeGreaterThan(5);
      expect(Math.abs(Number(cpu[server]) - ownCpu)).toBeLessThan(MAX_DIFFERENCE_POINTS);
      expect(Math.abs(Number(memory[server]) / ownMemory - 1)).toBeLessThan(MAX_DIFFERENCE_SHARE);
    }
  });

  it('keeps servers apart whose addresses are the same', async () => {
    const series = await query('vintagestory_server_up');
    const labels = series.map(({ metric: { site, server } }) => `${site}/${server}`);
    expect(labels.sort()).toEqual(['attic/modded', 'home/creative', 'home/survival']);
  });

  it('records by server and for the whole fleet, and shows which instance was killed', async () => {
    const up = () => byServer('server:vintagestory_server_up:min');
    await waitFor(
      async () => JSON.stringify(sorted(await up())) === JSON.stringify(sorted(ALL_UP)),
      'all are up',
    );
    const cpu = () => byServer('server:vintagestory_server_cpu_percent:rate1m');
    await waitFor(
      async () =>
        Object.keys(await cpu())
          .sort()
          .join() === Object.keys(ALL_UP).sort().join(),
      'the CPU of all is recorded',
    );
    const misnamed = () => byServer('server:vintagestory_misnamed:present');
    await waitFor(async () => Object.keys(await misnamed()).length > 0, 'a server has another name');
    expect(await misnamed()).toEqual({ modded: 1 });
    const killed = instances.find(({ server }) => server === 'creative');
    if (killed === undefined) throw new Error('no such server');

    const { pid } = await killed.api.data<GameServerStatus>('server/status');
    if (pid === null) throw new Error('its game does not run');
    await killed.api.kill();
    process.kill(pid, 'SIGKILL');

    await waitFor(async () => (await up()).creative === 0, 'the killed one is down');
    await waitFor(async () => !('creative' in (await byServer('vintagestory_server_resident_memory_bytes'))));
    expect(await up()).toEqual({ ...ALL_UP, creative: 0 });
    expect(await byServer('up{job="vintagestory"}')).toEqual({ ...ALL_UP, creative: 0 });
    const count = async () => Number((await query('fleet:vintagestory_server_up:count'))[0]?.value?.[1]);
    await waitFor(async () => (await count()) === 2, 'two of three are counted');
  });

  it('has files of which the tools think well, and which do not work in the wrong place', () => {
    const cwd = join(folder.path, 'tools');
    mkdirSync(cwd);
    cpSync(EXAMPLES, cwd, { recursive: true });
    for (const file of ['agent.yml', 'prometheus.yml']) writeFileSync(join(cwd, file), example(file, 'home'));
    const check = (...args: string[]) => promtool(['check', ...args]);
    expect(check('config', '--agent', join(cwd, 'agent.yml'))).toMatchObject({ status: 0 });
    expect(check('config', join(cwd, 'prometheus.yml'))).toMatchObject({ status: 0 });
    expect(check('config', '--agent', join(cwd, 'prometheus.yml')).output).toContain('rule_files');
    const rulesTest = join(cwd, 'rules-test.yml');
    writeFileSync(rulesTest, JSON.stringify(RULES_TEST));
    expect(promtool(['test', 'rules', rulesTest])).toMatchObject({ status: 0 });
    expect(spawnSync('vmalert', ['-dryRun', `-rule=${join(cwd, 'rules.yml')}`]).status).toBe(0);
  });
});

/** As `Promise.all`, but nothing is under way any more when it rejects. */
async function all(promises: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(promises);
  const failed = results.find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}

const sorted = (values: Record<string, number>) => Object.entries(values).sort();
