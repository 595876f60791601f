import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { isBuiltin, SourceMap, type SourceMapPayload } from 'node:module';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { ADMIN_KEY, apiEnvironment, ApiProcess, type WireSnapshot } from '../src/testing/api-process.mjs';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { waitFor } from '../src/testing/wait-for.js';

const NAME = 'vintagestory-metrics';
const INSTALL_TIMEOUT_MS = 300_000;
const MAX_INSTALLED_BYTES = 40 * 1024 ** 2;
const run = promisify(execFile);

interface Manifest {
  readonly version: string;
  readonly license?: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

const read = (...path: string[]) => readFileSync(join(...path), 'utf8');
const manifestOf = (folder: string) => JSON.parse(read(folder, 'package.json')) as Manifest;

describe('the packed application in a folder of somebody else', () => {
  const folder = temporaryFolder();
  const cwd = folder.path;
  const installed = join(cwd, 'node_modules', NAME);
  const dist = join(installed, 'dist');
  const bin = join(cwd, 'node_modules/.bin', NAME);
  let api: ApiProcess | undefined;

  beforeAll(async () => {
    // It was built for this test run; building it again would take it from under other tests.
    const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', cwd];
    const { stdout } = await run('npm', pack);
    const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
    writeFileSync(join(cwd, 'package.json'), '{"private": true}');
    await run(
      'npm',
      ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', filename],
      { cwd },
    );
  }, INSTALL_TIMEOUT_MS);

  afterEach(async () => {
    await api?.end();
  });

  afterAll(() => {
    folder.remove();
  });

  /** What `npx` prints and how it ends; with --no it installs nothing. */
  async function npx(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    // npm's own news would be in the output.
    const env = apiEnvironment({ VS_DATA_DIR: '', npm_config_update_notifier: 'false' });
    const options = { cwd, env, timeout: 110_000 };
    try {
      return { code: 0, ...(await run('npx', ['--no', '--', NAME, ...args], options)) };
    } catch (error) {
      return error as { code: number; stdout: string; stderr: string };
    }
  }

  it('has a sound manifest, and nothing in it but what runs and its documents', async () => {
    await run(resolve('node_modules/.bin/publint'), ['--strict', '--pack', 'false', installed]);
    const files = readdirSync(installed, { recursive: true, encoding: 'utf8' });
    expect(readdirSync(installed).sort()).toEqual([
      '.env.example',
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'dist',
      'docs',
      'examples',
      'package.json',
    ]);
    expect(files.filter((file) => /\.spec\.|tsbuildinfo/.test(file))).toEqual([]);
    expect(readdirSync(dist, { recursive: true }).sort()).toEqual(
      readdirSync(resolve('dist'), { recursive: true }).sort(),
    );
  });

  it('has the files to which its pages lead', () => {
    const docs = join(installed, 'docs');
    const links = readdirSync(docs)
      .filter((file) => file.endsWith('.md'))
      .flatMap((file) => [...read(docs, file).matchAll(/\]\((?!\w+:)([^)\s#]+)/g)])
      .map(([, target = '']) => target);
    expect(links).toContain('../examples/fleet/');
    expect(links.filter((target) => !existsSync(join(docs, target)))).toEqual([]);
  });

  it('is small with all that it needs', () => {
    const modules = join(cwd, 'node_modules');
    const bytes = readdirSync(modules, { recursive: true, encoding: 'utf8' })
      .map((file) => statSync(join(modules, file)).size)
      .reduce((sum, each) => sum + each, 0);
    expect(bytes).toBeLessThan(MAX_INSTALLED_BYTES);
  });

  it('imports nothing but what is in it, what it depends on, and what libraries do without', () => {
    const scripts = readdirSync(dist).filter((file) => file.endsWith('.js'));
    const imported = scripts.flatMap((file) =>
      [...read(dist, file).matchAll(/(?:\bfrom|\bimport|\b(?:import|require)\() ?"([\w@./:-]+)"/g)].map(
        ([, name = '']) => name,
      ),
    );
    expect(new Set(imported).size).toBeGreaterThan(20);
    const files = imported.filter((name) => name.startsWith('.'));
    expect(files.filter((file) => !existsSync(join(dist, file)))).toEqual([]);
    const packages = imported
      .filter((name) => !name.startsWith('.') && !isBuiltin(name))
      .map((name) => name.split('/', name.startsWith('@') ? 2 : 1).join('/'));
    const optional =
      /^(@nestjs\/(microservices|platform-express|websockets)|class-(transformer|validator)|file-type|@fastify\/(multipart|static|view))$/;
    expect([...new Set(packages)].filter((name) => !optional.test(name))).toEqual(
      Object.keys(manifestOf(installed).dependencies),
    );
  });

  it('has the licence of each package whose code is in it', () => {
    const licences = read(dist, 'LICENSES.txt');
    const maps = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.map'),
    );
    const packages = maps
      .flatMap((file) => (JSON.parse(read(dist, file)) as SourceMapPayload).sources)
      .flatMap((source) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(source)?.[1] ?? []);
    expect(new Set(packages).size).toBeGreaterThan(40);
    expect(packages).toContain('uplot');
    const missing = [...new Set(packages), 'swagger-ui-dist'].filter((name) => {
      const { version, license = '' } = manifestOf(resolve('node_modules', name));
      return !licences.includes(`\n${name} ${version}, ${license}`);
    });
    expect(missing).toEqual([]);
    // The text, and not only its name.
    const nests = read(resolve('node_modules/@nestjs/core/LICENSE')).trim();
    expect(licences.includes(nests)).toBe(true);
  });

  it('has source maps that lead to the line', () => {
    const texts = [
      ['start-', 'Vintage Story metrics: ${address}', '/src/start.ts'],
      ['archive-worker', 'parentPort', '/src/history/sqlite/archive-worker.ts'],
    ] as const;
    for (const [begin, text, source] of texts) {
      const file = readdirSync(dist).find((name) => name.startsWith(begin) && name.endsWith('.js')) ?? '';
      const lines = read(dist, file).split('\n');
      expect(lines.at(-2)).toBe(`//# sourceMappingURL=${file}.map`);
      const line = lines.findIndex((found) => found.includes(text));
      const payload = JSON.parse(read(dist, `${file}.map`)) as SourceMapPayload;
      const entry = new SourceMap(payload).findEntry(line, lines[line]?.indexOf(text) ?? 0);
      if (!('originalSource' in entry)) throw new Error(`${file}: ${text} is nowhere`);
      expect(entry.originalSource).toContain(source);
      expect(read(resolve(`.${source}`)).split('\n')[entry.originalLine]).toContain(text.split(' ')[0]);
    }
  });

  it('tells its version and its options', async () => {
    const { version } = manifestOf(resolve('.'));
    expect(await npx('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    const help = await npx('--help');
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain('\nUsage: vintagestory-metrics [options]\n');
  });

  it.each([
    [['--nope'], 2, '"--nope" is not an option; vintagestory-metrics --help lists what there is\n'],
    [['--env-file'], 2, '--env-file needs a path; vintagestory-metrics --help lists what there is\n'],
    [['--env-file', 'no.env'], 1, 'no.env does not exist\n'],
    [['--env-file=no.env', '--demo'], 1, 'no.env does not exist\n'],
  ])('refuses %j in one line', async (args, code, stderr) => {
    expect(await npx(...args)).toMatchObject({ code, stdout: '', stderr });
  });

  it('reads the settings from the file that is named, and not from .env', async () => {
    writeFileSync(join(cwd, '.env'), 'VS_METRICS_CAPACITY=7\nVS_METRICS_INTERVAL=7\n');
    writeFileSync(
      join(cwd, 'other.env'),
      `VS_METRICS_CAPACITY=8\nVS_API_KEY_ADMIN=${ADMIN_KEY}\nVS_DATA_DIR=\n`,
    );
    api = ApiProcess.spawn({}, cwd, { command: [bin, '--env-file', 'other.env'] });
    await api.untilItListens();
    expect(await api.data('metrics/info')).toMatchObject({ capacity: 8, intervalSeconds: 10 });
    await api.end();

    writeFileSync(join(cwd, 'other.env'), 'VS_METRICS_CAPACITY=none\n');
    const { code, stderr } = await npx('--env-file', 'other.env');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^other\.env, line 1: VS_METRICS_CAPACITY="none" cannot be used; .*\n$/);
  });

  it('shows itself with a sample game server, measures it, and stops it', async () => {
    // A real server's settings are not for the demo.
    writeFileSync(join(cwd, '.env'), 'VS_SERVER_PID_FILE=nowhere\n');
    api = ApiProcess.spawn({ VS_API_KEY_ADMIN: ADMIN_KEY, VS_METRICS_INTERVAL: '0.2' }, cwd, {
      command: [bin, '--demo'],
    });
    await api.untilItListens();
    await waitFor(async () => {
      const current = await api?.data<WireSnapshot | null>('metrics/current');
      return Number(current?.gameMemoryMb) > 50 && current?.gameCpuPercent != null;
    });
    expect(await api.degraded()).toBeNull();
    expect((await api.history()).length).toBeGreaterThan(0);
    expect(existsSync(join(cwd, 'data/demo/metrics.db'))).toBe(true);
    for (const path of ['', 'main.js', 'docs', 'docs/swagger-ui.css', 'docs-json', 'metrics'])
      expect([path, (await api.request(path)).status]).toEqual([path, 200]);
    expect(await api.end()).toBe(0);
    expect(api.output).toContain('Game server stopped');
  });
});
