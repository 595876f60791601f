import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type MetricsSnapshot } from '../src/metrics/index.js';
import { ApiProcess } from '../src/testing/api-process.mjs';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { waitFor } from '../src/testing/wait-for.js';

const NAME = 'nestjs-process-metrics';
/** What is packed. */
const PACKED = resolve('packages/nestjs/dist/package');
const TIMEOUT_MS = 300_000;
const TSC = resolve('node_modules/typescript/bin/tsc');
const JEST = resolve('node_modules/jest/bin/jest.js');
const run = promisify(execFile);

interface Manifest {
  readonly version: string;
  readonly engines: object;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}
const manifest = readJson('packages/nestjs/package.json') as Manifest;

interface Host {
  /** How its files are read, and the adapter that serves them. */
  readonly type: 'commonjs' | 'module';
  readonly adapter: 'express' | 'fastify';
  /** Versions of the peers; of what is not named, the newest that these allow. */
  readonly dependencies: Readonly<Record<string, string>>;
}

const NEST_12 = { '@nestjs/config': '^12.0.0', '@nestjs/schedule': '^12.0.0' };
const NEST_11 = { '@nestjs/config': '^4.0.0', '@nestjs/schedule': '^6.0.0' };
const HOSTS: Readonly<Record<string, Host>> = {
  'as the Nest 11 CLI makes it': {
    type: 'commonjs',
    adapter: 'express',
    dependencies: { ...nest('^11.0.0', 'express'), ...NEST_11, '@nestjs/testing': '^11.0.0' },
  },
  'on Nest 12, of ES modules': {
    type: 'module',
    adapter: 'fastify',
    dependencies: { ...nest('^12.0.0', 'fastify'), ...NEST_12 },
  },
  'with the oldest peers': {
    type: 'module',
    adapter: 'express',
    dependencies: { ...nest('11.0.0', 'express'), ...oldest(manifest.peerDependencies) },
  },
};

describe('the packed module', () => {
  const folder = temporaryFolder();
  let tarball: string;

  beforeAll(async () => {
    await run('npm', ['run', 'pack:module', '--', '--pack-destination', folder.path]);
    const [name = ''] = readdirSync(folder.path);
    tarball = join(folder.path, name);
  }, TIMEOUT_MS);

  afterAll(() => {
    folder.remove();
  });

  describe.each(Object.entries(HOSTS))('in an application %s', (name, { type, adapter, dependencies }) => {
    const host = join(folder.path, name.replaceAll(' ', '-'));

    beforeAll(async () => {
      mkdirSync(host);
      for (const sources of ['examples/host', 'packages/nestjs/test'])
        cpSync(resolve(sources), host, { recursive: true });
      rmSync(join(host, adapter === 'express' ? 'fastify.ts' : 'express.ts'));
      const hostManifest = {
        type,
        private: true,
        dependencies: { [NAME]: `file:${tarball}`, ...dependencies },
        devDependencies: { '@types/express': '^5.0.0', '@types/node': '^20.0.0' },
      };
      writeFileSync(join(host, 'package.json'), JSON.stringify(hostManifest));
      await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'], {
        cwd: host,
      });
      await compile('nodenext');
    }, TIMEOUT_MS);

    it('shares the peers with it, and brings less than a megabyte', () => {
      const peers = Object.keys(manifest.peerDependencies);
      const { packages } = readJson(join(host, 'package-lock.json')) as {
        packages: Record<string, Partial<Manifest>>;
      };
      const paths = Object.keys(packages).filter((path) => path !== '');
      const copies = paths.filter((path) => peers.some((peer) => path.endsWith(`node_modules/${peer}`)));
      expect(copies.sort()).toEqual(peers.map((peer) => `node_modules/${peer}`).sort());
      const theirs = packages['node_modules/pidusage']?.dependencies ?? {};
      const ours = [NAME, 'pidusage', ...Object.keys(theirs)];
      const bytes = ours.map((each) => sizeOf(join(host, 'node_modules', each)));
      expect(bytes.reduce((sum, each) => sum + each, 0)).toBeLessThan(1024 ** 2);
    });

    it('has types that compile as node16 too', async () => {
      await compile('node16');
    });

    it('measures the game of its host, beside a prefix, a guard and intervals of its own', async () => {
      const app = ApiProcess.spawn({ VS_METRICS_INTERVAL: '0.2', VS_METRICS_CAPACITY: '7' }, host, {
        command: [process.execPath, join('dist', `${adapter}.js`)],
      });
      try {
        await app.waitForOutput(/listening on \S+/, 60_000);
        const url = /listening on (\S+)/.exec(app.output)?.[1] ?? '';
        const ask = (path: string, headers: Record<string, string> = { 'x-please': 'yes' }) =>
          fetch(`${url}/${path}`, { headers });
        expect((await ask('game/load')).status).toBe(404);
        expect((await ask('host/game/load', {})).status).toBe(403);
        for (const path of ['metrics', 'docs', 'healthz', 'api/v1alpha1/metrics/current'])
          expect((await ask(path)).status).toBe(404);

        interface Load {
          latest: MetricsSnapshot | null;
          count: number;
          capacity: number;
          beats: number;
        }
        let load: Load | undefined;
        await waitFor(async () => {
          load = (await (await ask('host/game/load')).json()) as Load;
          return load.count === 7 && Number(load.latest?.gameCpuPercent) > 5;
        });
        expect(load?.capacity).toBe(7);
        expect(load?.beats).toBeGreaterThan(0);
        expect(load?.latest?.gameMemoryMb).toBeGreaterThan(10);
        expect(await (await ask('host/health')).json()).toMatchObject({
          status: 'ok',
          info: { metrics: { status: 'up' } },
        });
        expect(await app.end()).toBe(null);
      } finally {
        await app.kill();
      }
    });

    it('measures as the kernel does in several instances, which leave nothing behind', async () => {
      const { stdout } = await run(process.execPath, [join('dist', 'instances.js')], {
        cwd: host,
        timeout: 110_000,
      });
      const { measured, filesLeft, refusal } = JSON.parse(stdout) as {
        measured: Record<string, number | string>[];
        filesLeft: string[];
        refusal: string;
      };
      for (const each of measured) {
        expect(each).toMatchObject({ count: 3, healthy: 'ok: up' });
        expect(each.kernelCpuPercent).toBeGreaterThan(5);
        expect(Math.abs(Number(each.cpuPercent) - Number(each.kernelCpuPercent))).toBeLessThan(8);
        expect(Math.abs(Number(each.memoryMb) / Number(each.kernelMemoryMb) - 1)).toBeLessThan(0.02);
        expect(each.unhealthy).toMatch(
          /"status":"down","message":"apiMemoryMb is .* above the limit of 1\."/,
        );
      }
      expect(filesLeft).toEqual([]);
      expect(refusal).toContain('the option intervalSeconds=NaN cannot be used');
    });

    if (type === 'commonjs')
      it('works in the Jest of such an application', async () => {
        const { stderr } = await run(process.execPath, [JEST, '--rootDir', host, 'metrics.spec.js'], {
          cwd: host,
        });
        expect(stderr).toContain('1 passed, 1 total');
      });

    it('can be loaded by require and by import', async () => {
      const names = `METRICS_INTERVAL_NAME,MetricsBuffer,MetricsModule,MetricsScheduler,MetricsService,ServerService`;
      const show = `(all) => console.log(Object.keys(all).sort().join())`;
      const script = `
        const show = ${show};
        show(require('${NAME}')); show(require('${NAME}/health'));
        import('${NAME}').then(show).then(() => import('${NAME}/health')).then(show);`;
      const { stdout } = await run(process.execPath, ['--input-type=commonjs', '-e', script], { cwd: host });
      const [required = '', health, ...imported] = stdout.trim().split('\n');
      expect(required.split(',')).toEqual(expect.arrayContaining(names.split(',')));
      expect([health, ...imported]).toEqual(['MetricsHealthIndicator', required, 'MetricsHealthIndicator']);
    });

    async function compile(module: string): Promise<void> {
      const emit = module === 'nodenext' ? [] : ['--noEmit'];
      await run(process.execPath, [TSC, '--module', module, ...emit], { cwd: host }).catch(
        (error: unknown) => {
          throw new Error(`the host does not compile (${module}):\n${(error as { stdout: string }).stdout}`);
        },
      );
    }
  });

  it('has a sound manifest, and nothing in it but what runs, its types and its documents', async () => {
    await run(resolve('node_modules/.bin/publint'), ['--strict', '--pack', 'false', PACKED]);
    expect(readdirSync(PACKED).sort()).toEqual([
      'LICENSE',
      'LICENSE-zod',
      'README.md',
      'cjs',
      'esm',
      'package.json',
    ]);
    const files = readdirSync(PACKED, { recursive: true, encoding: 'utf8' });
    expect(
      files.filter((file) => /\.map$|spec|tsbuildinfo|history|http|events|game-server/.test(file)),
    ).toEqual([]);
  });

  it('declares every package that its files import, and is of the same version as the application', () => {
    const root = readJson('package.json') as Manifest;
    expect(manifest.version).toBe(root.version);
    expect(manifest.engines).toEqual(root.engines);
    expect(manifest.dependencies).toEqual({ pidusage: root.devDependencies['pidusage'] });
    const declared = { ...manifest.dependencies, ...manifest.peerDependencies };
    const imported = readdirSync(PACKED, { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(js|d\.ts)$/.test(file))
      .flatMap((file) => {
        const text = readFileSync(join(PACKED, file), 'utf8');
        return [
          ...text.matchAll(/(?:^import|^} from|\bfrom|\brequire\(|\bimport\() ?["']([^"'.\s][^"'\s]*)["']/gm),
        ].map(([, name = '']) => name);
      })
      .filter((name) => !isBuiltin(name))
      .map((name) => name.split('/', name.startsWith('@') ? 2 : 1).join('/'));
    expect([...new Set(imported)].sort()).toEqual(
      Object.keys(declared)
        .filter((name) => !['@nestjs/terminus', 'reflect-metadata'].includes(name))
        .sort(),
    );
  });
});

/** The packages of Nest that share one version, and what a host has beside them. */
function nest(version: string, adapter: Host['adapter']): Record<string, string> {
  return {
    '@nestjs/common': version,
    '@nestjs/core': version,
    [`@nestjs/platform-${adapter}`]: version,
    '@nestjs/terminus': version,
    'reflect-metadata': '^0.2.2',
    rxjs: '^7.8.1',
  };
}

/** The first version that each range allows. */
function oldest(ranges: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(ranges).map(([name, range]) => [name, /\d+\.\d+\.\d+/.exec(range)?.[0] ?? range]),
  );
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => statSync(join(folder, file)).size)
    .reduce((sum, each) => sum + each, 0);
}
