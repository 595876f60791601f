import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ApiProcess, MONITOR_KEY } from '../src/testing/api-process.mjs';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { eventually } from './support/eventually.js';

interface WireSettings {
  intervalSeconds: { value: number; source: string };
  persisted: boolean;
}

let folder: ReturnType<typeof temporaryFolder>;
let file: string;
let app: ApiProcess | null;

beforeEach(() => {
  folder = temporaryFolder();
  file = join(folder.path, 'settings.json');
  app = null;
});

afterEach(async () => {
  await app?.end('SIGKILL');
  folder.remove();
});

async function start(env: Record<string, string> = {}): Promise<ApiProcess> {
  app = await ApiProcess.start({ VS_METRICS_INTERVAL: '0.1', VS_DATA_DIR: folder.path, ...env });
  return app;
}

async function change(running: ApiProcess, body: unknown): Promise<{ status: number; text: string }> {
  const response = await running.request('api/v1alpha1/settings', {
    method: 'PATCH',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
  return { status: response.status, text: await response.text() };
}

async function set(running: ApiProcess, seconds: number | null): Promise<WireSettings> {
  const { status, text } = await change(running, { intervalSeconds: seconds });
  expect([status, text]).toEqual([200, expect.anything()]);
  return (JSON.parse(text) as { data: WireSettings }).data;
}

describe('the interval', () => {
  it('comes from the default, the environment or the settings, and says so', async () => {
    const first = await start({ VS_METRICS_INTERVAL: '' });
    expect(await first.data('settings')).toEqual({
      intervalSeconds: { value: 10, source: 'default' },
      persisted: true,
    });
    expect(first.said(/Collection interval: 10 s, the default/)).toBe(1);
    await first.end();

    const second = await start({ VS_METRICS_INTERVAL: '5' });
    expect((await second.data<WireSettings>('settings')).intervalSeconds).toEqual({
      value: 5,
      source: 'environment',
    });
    expect(second.said(/Collection interval: 5 s, from VS_METRICS_INTERVAL/)).toBe(1);
    expect((await set(second, 0.2)).intervalSeconds).toEqual({ value: 0.2, source: 'settings' });
    await second.end('SIGKILL');

    const third = await start({ VS_METRICS_INTERVAL: '5' });
    expect((await third.data<WireSettings>('settings')).intervalSeconds).toEqual({
      value: 0.2,
      source: 'settings',
    });
    expect((await third.data<{ intervalSeconds: number }>('metrics/info')).intervalSeconds).toBe(0.2);
    expect(third.said(/Collection interval: 0.2 s, from the settings/)).toBe(1);
    expect(third.said(/Collecting every/)).toBe(1);
    expect((await set(third, null)).intervalSeconds).toEqual({ value: 5, source: 'environment' });
    await third.end();

    const fourth = await start({ VS_METRICS_INTERVAL: '' });
    expect((await fourth.data<WireSettings>('settings')).intervalSeconds.source).toBe('default');
  });

  it('takes effect at once, with one timer, and loses no sample', async () => {
    const running = await start({ VS_METRICS_INTERVAL: '3600' });
    await delay(100);
    const before = await running.history();
    expect(before).toHaveLength(1);
    const setAtMs = performance.now();
    await set(running, 0.1);
    await set(running, 0.2);
    const slowerAtMs = performance.now();
    await set(running, 0.2);
    await eventually('samples', async () => (await running.history()).length >= 9);
    const history = await running.history();
    expect(history[0]).toEqual(before[0]);
    // One at each change, and one each 0.1 s, then 0.2 s; two timers would take twice as many.
    const mostMs = { fast: slowerAtMs - setAtMs, slow: performance.now() - slowerAtMs };
    expect(history.length).toBeLessThanOrEqual(4 + mostMs.fast / 100 + mostMs.slow / 200);

    await set(running, 0);
    await delay(150);
    const paused = await running.history();
    await delay(600);
    expect(await running.history()).toEqual(paused);
    expect((await running.request('readyz')).status).toBe(200);
  });

  it('stays paused across a restart, without a sample', async () => {
    const first = await start();
    await set(first, 0);
    await delay(150);
    const before = await first.history();
    await first.end();
    const second = await start();
    await delay(500);
    expect(await second.history()).toEqual(before);
    expect(second.said(/Collection is off/)).toBe(1);
  });

  it('is for admins, and a value that cannot be used changes nothing', async () => {
    const running = await start();
    for (const body of [
      { intervalSeconds: 0.05 },
      { intervalSeconds: 86_401 },
      { intervalSeconds: '5' },
      {},
    ]) {
      const { status, text } = await change(running, body);
      expect([body, status]).toEqual([body, 400]);
      expect(text).toMatch(/intervalSeconds: 0 \(off\), or 0.1 to 86400/);
    }
    expect((await running.data<WireSettings>('settings')).intervalSeconds.value).toBe(0.1);
    expect(existsSync(file)).toBe(false);
    for (const method of ['GET', 'PATCH']) {
      expect((await running.request('api/v1alpha1/settings', { method }, null)).status).toBe(401);
      expect((await running.request('api/v1alpha1/settings', { method }, MONITOR_KEY)).status).toBe(403);
    }
  });
});

describe('the file', () => {
  it('is replaced in one step, and keeps what a newer version put there', async () => {
    writeFileSync(file, '{"intervalSeconds": 3600, "future": [1]}');
    const running = await start();
    await set(running, 60);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ intervalSeconds: 60, future: [1] });
    await set(running, null);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ future: [1] });
    expect(readdirSync(folder.path).filter((name) => name.endsWith('.new'))).toEqual([]);
  });

  it('is set aside with a warning when it makes no sense, and defaults apply', async () => {
    const text = '{"intervalSeconds": 12';
    writeFileSync(file, text);
    const running = await start();
    expect((await running.data<WireSettings>('settings')).intervalSeconds).toEqual({
      value: 0.1,
      source: 'environment',
    });
    expect(running.said(/WARN.*settings\.json is corrupt; it is now .*\.corrupt-/)).toBe(1);
    const aside = readdirSync(folder.path).filter((name) => name.startsWith('settings.json.corrupt-'));
    expect(aside).toHaveLength(1);
    expect(readFileSync(join(folder.path, aside[0] ?? ''), 'utf8')).toBe(text);
    expect((await set(running, 60)).persisted).toBe(true);
  });

  it('is not needed: without a folder settings hold for this run, and the answer says so', async () => {
    const running = await start({ VS_DATA_DIR: '' });
    expect(await set(running, 60)).toEqual({
      intervalSeconds: { value: 60, source: 'settings' },
      persisted: false,
    });
  });

  it('cannot be written: settings hold for this run, and the answer and the log say so', async () => {
    const running = await start({ VS_DATA_DIR: join(folder.path, 'below') });
    // In the way of the file that is written first.
    mkdirSync(join(folder.path, 'below', 'settings.json.new'), { recursive: true });
    expect(await set(running, 60)).toEqual({
      intervalSeconds: { value: 60, source: 'settings' },
      persisted: false,
    });
    await running.waitForOutput(/WARN.*settings hold for this run only/);
    expect(running.said(/WARN.*settings hold for this run only/)).toBe(1);
  });
});
