import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Global, Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { Test } from '@nestjs/testing';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { MetricsModule, type MetricsSnapshot, ServerService } from '../src/metrics/index.js';
import { apiEnvironment } from '../src/testing/api-process.mjs';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { waitFor } from '../src/testing/wait-for.js';

const NAME = 'vintagestory-metrics';
const INSTALL_TIMEOUT_MS = 300_000;
const run = promisify(execFile);

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;

/** Writes the address of each module that is loaded to stderr; Node runs these hooks in a thread of their own. */
const REPORTING_LOADER = `
  import { writeSync } from 'node:fs';
  export async function load(url, context, next) { writeSync(2, 'LOADED ' + url + '\\n'); return next(url, context); }`;
const REGISTER_LOADER = `
  import { register } from 'node:module';
  register('data:text/javascript,' + ${JSON.stringify(encodeURIComponent(REPORTING_LOADER))});`;

describe('the packed package in an application of somebody else', () => {
  const folder = temporaryFolder();
  const host = folder.path;
  const installed = join(host, 'node_modules', NAME);

  beforeAll(async () => {
    const { stdout } = await run('npm', [
      'pack',
      // It was built for this test run; building it again would take it from under other tests.
      '--ignore-scripts',
      '--json',
      '--pack-destination',
      host,
    ]);
    const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
    cpSync(resolve('examples/host'), host, { recursive: true });
    const shared = Object.fromEntries(
      Object.entries(manifest.peerDependencies).filter(([name]) => name !== '@nestjs/config'),
    );
    const hostManifest = {
      type: 'module',
      private: true,
      dependencies: {
        [NAME]: `file:${filename}`,
        ...shared,
        '@nestjs/platform-express': manifest.peerDependencies['@nestjs/core'],
        '@nestjs/platform-fastify': manifest.dependencies['@nestjs/platform-fastify'],
      },
      devDependencies: {
        '@types/express': '^5.0.0',
        '@types/node': manifest.devDependencies['@types/node'],
        typescript: manifest.devDependencies.typescript,
      },
    };
    writeFileSync(join(host, 'package.json'), JSON.stringify(hostManifest));
    await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund'], { cwd: host });
    await run(process.execPath, [join('node_modules', 'typescript', 'bin', 'tsc')], { cwd: host }).catch(
      (error: unknown) => {
        throw new Error(`the host does not compile:\n${(error as { stdout: string }).stdout}`);
      },
    );
  }, INSTALL_TIMEOUT_MS);

  afterAll(() => {
    folder.remove();
  });

  it('has a sound manifest, and nothing in it but what runs and its documents', async () => {
    await run(resolve('node_modules/.bin/publint'), ['--strict', '--pack', 'false', installed]);
    const files = readdirSync(installed, { recursive: true, encoding: 'utf8' });
    expect(readdirSync(installed).sort()).toEqual([
      '.env.example',
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'build',
      'dist',
      'docs',
      'examples',
      'package.json',
    ]);
    expect(files.filter((file) => /^build.*\.map$|\.spec\.|tsbuildinfo/.test(file))).toEqual([]);
  });

  it('has the files to which its pages lead', () => {
    const folder = join(installed, 'docs');
    const links = readdirSync(folder)
      .filter((file) => file.endsWith('.md'))
      .flatMap((file) => [...readFileSync(join(folder, file), 'utf8').matchAll(/\]\((?!\w+:)([^)\s#]+)/g)])
      .map(([, target = '']) => target);
    expect(links).toContain('../examples/fleet/');
    expect(links.filter((target) => !existsSync(join(folder, target)))).toEqual([]);
  });

  it('declares every package that its files import', () => {
    const declared = { ...manifest.dependencies, ...manifest.peerDependencies };
    const imported = readdirSync(join(installed, 'build'), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(js|d\.ts)$/.test(file))
      .flatMap((file) => {
        const text = readFileSync(join(installed, 'build', file), 'utf8');
        return [...text.matchAll(/(?:from|import|import\() ?'([^'.\s][^'\s]*)'/g)].map(
          ([, name = '']) => name,
        );
      })
      .filter((name) => !isBuiltin(name))
      .map((name) => name.split('/', name.startsWith('@') ? 2 : 1).join('/'));
    expect(new Set(imported).size).toBeGreaterThan(4);
    expect([...new Set(imported)].filter((name) => !(name in declared))).toEqual([]);
  });

  it('shares the Nest packages with its host', () => {
    const shared = ['@nestjs/common', '@nestjs/config', '@nestjs/core', '@nestjs/schedule'];
    expect(Object.keys(manifest.peerDependencies)).toEqual([...shared, 'reflect-metadata', 'rxjs']);
    const inBoth = Object.keys(manifest.peerDependencies).filter(
      (name) => name in manifest.dependencies || name in manifest.devDependencies,
    );
    // npm ci --omit=dev would leave out what is in both.
    expect(inBoth).toEqual([]);
    const { packages } = JSON.parse(readFileSync(join(host, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, object>;
    };
    const copies = Object.keys(packages).filter((path) => shared.some((name) => path.endsWith(`/${name}`)));
    expect(copies.sort()).toEqual(shared.map((name) => `node_modules/${name}`));
  });

  it('loads the core alone when it is imported, and starts nothing', async () => {
    writeFileSync(join(host, 'register.mjs'), REGISTER_LOADER);
    const script = `console.log(Object.keys(await import('${NAME}')).sort().join())`;
    const { stdout, stderr } = await run(
      process.execPath,
      ['--import', './register.mjs', '--input-type=module', '-e', script],
      { cwd: host, timeout: 60_000 },
    );
    expect(stdout.trim()).toBe(
      'GameTelemetry,METRICS_INTERVAL_NAME,MetricsBuffer,MetricsModule,MetricsScheduler,MetricsService,ServerService',
    );
    const loaded = [...stderr.matchAll(/^LOADED \S*\/node_modules\/(\S+)$/gm)].map(([, path = '']) => path);
    expect(loaded).toContain(`${NAME}/build/metrics/index.js`);
    const ours = loaded.filter((path) => path.startsWith(`${NAME}/`));
    const core = /^vintagestory-metrics\/build\/(metrics|process|config)\/\S+\.js$/;
    expect(ours.filter((path) => !core.test(path))).toEqual([]);
    expect(
      loaded.filter((path) =>
        /^(fastify|express|prom-client|@fastify|@nestjs\/(platform|swagger))/.test(path),
      ),
    ).toEqual([]);
  });

  it.each(['express', 'fastify'])(
    'measures the game of a host on %s, beside its own prefix, guard and intervals',
    async (adapter) => {
      const child = spawn(process.execPath, [join('dist', `${adapter}.js`)], {
        cwd: host,
        env: apiEnvironment({ VS_METRICS_INTERVAL: '0.2', VS_METRICS_CAPACITY: '7' }),
      });
      const exited = once(child, 'exit');
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
      try {
        await waitFor(() => {
          if (child.exitCode !== null) throw new Error(`the host ended:\n${output}`);
          return output.includes('listening on ');
        });
        const url = /listening on (\S+)/.exec(output)?.[1] ?? '';
        expect((await fetch(`${url}/game/load`, { headers: { 'x-please': 'yes' } })).status).toBe(404);
        expect((await fetch(`${url}/host/game/load`)).status).toBe(403);
        for (const path of ['metrics', 'docs', 'healthz', 'api/v1alpha1/metrics/current'])
          expect((await fetch(`${url}/${path}`, { headers: { 'x-please': 'yes' } })).status).toBe(404);

        interface Load {
          latest: MetricsSnapshot | null;
          count: number;
          capacity: number;
          beats: number;
        }
        let load: Load | undefined;
        await waitFor(async () => {
          const answer = await fetch(`${url}/host/game/load`, { headers: { 'x-please': 'yes' } });
          load = (await answer.json()) as Load;
          return load.count === 7 && Number(load.latest?.gameCpuPercent) > 20;
        });
        expect(load?.capacity).toBe(7);
        expect(load?.beats).toBeGreaterThan(0);
        expect(load?.latest?.gameMemoryMb).toBeGreaterThan(10);
      } finally {
        child.kill('SIGTERM');
        await exited;
      }
    },
  );
});

describe('a host that forgot something', () => {
  @Global()
  @Module({
    providers: [{ provide: ServerService, useValue: { gameServerPid: null } }],
    exports: [ServerService],
  })
  class HostServerModule {}

  const start = (imports: NonNullable<Parameters<typeof Test.createTestingModule>[0]['imports']>) =>
    Test.createTestingModule({ imports })
      .setLogger({ log() {}, warn() {}, error() {} })
      .compile();

  it('is told to import ScheduleModule.forRoot()', async () => {
    await expect(start([HostServerModule, MetricsModule])).rejects.toThrow(
      /import ScheduleModule\.forRoot\(\)/,
    );
  });

  it('is told to provide a ServerService', async () => {
    await expect(start([ScheduleModule.forRoot(), MetricsModule])).rejects.toThrow(
      /no ServerService .*@Global\(\) module that exports it/,
    );
  });
});
