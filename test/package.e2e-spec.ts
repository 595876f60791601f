import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { ApiProcess, type WireSnapshot } from '../src/testing/api-process.mjs';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { waitFor } from '../src/testing/wait-for.js';

const NAME = 'vintagestory-metrics';
const INSTALL_TIMEOUT_MS = 300_000;
const MAX_BYTES = 40 * 1024 ** 2;
const run = promisify(execFile);

describe('the packed application in a folder of somebody else', () => {
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
    const manifest = { private: true, dependencies: { [NAME]: `file:${filename}` } };
    writeFileSync(join(host, 'package.json'), JSON.stringify(manifest));
    await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'], {
      cwd: host,
    });
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
      'dist',
      'docs',
      'examples',
      'package.json',
    ]);
    expect(files.filter((file) => /\.spec\.|tsbuildinfo/.test(file))).toEqual([]);
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

  it('is small with all that it needs', () => {
    const modules = join(host, 'node_modules');
    const bytes = readdirSync(modules, { recursive: true, encoding: 'utf8' })
      .map((file) => statSync(join(modules, file)).size)
      .reduce((sum, each) => sum + each, 0);
    expect(bytes).toBeLessThan(MAX_BYTES);
  });

  it('runs with nothing else: samples, their history in the file, the page, the description', async () => {
    const variables = { VS_METRICS_INTERVAL: '0.2', VS_DATA_DIR: join(host, 'data') };
    const command = [process.execPath, join(installed, 'dist/main.js')];
    const api = await ApiProcess.start(variables, host, { command });
    try {
      await waitFor(async () => (await api.data<WireSnapshot | null>('metrics/current')) !== null);
      expect(await api.degraded()).toBeNull();
      expect((await api.history()).length).toBeGreaterThan(0);
      for (const path of ['', 'docs', 'docs-json', 'metrics'])
        expect([path, (await api.request(path)).status]).toEqual([path, 200]);
      expect(await api.end()).toBe(0);
    } finally {
      await api.kill();
    }
  });
});
