import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ApiProcess, type WireBucket, type WireSnapshot } from '../../src/testing/api-process.mjs';
import { describeWith } from '../../src/testing/components.js';
import { temporaryFolder } from '../../src/testing/temporary-folder.js';
import { eventually } from '../support/eventually.js';
import { FAKETIME, FakeClock, UNFAKED_BURNER } from '../support/fake-clock.js';
import { sqlite, storedTimes } from '../support/sqlite-shell.js';

let folder: ReturnType<typeof temporaryFolder>;
let file: string;
let api: ApiProcess | undefined;

beforeEach(() => {
  folder = temporaryFolder();
  file = join(folder.path, 'metrics.db');
});

afterEach(async () => {
  await api?.kill();
  folder.remove();
});

async function start(env: Record<string, string> = {}): Promise<ApiProcess> {
  api = await ApiProcess.start({ VS_METRICS_INTERVAL: '0.1', VS_DATA_DIR: folder.path, ...env });
  return api;
}

describeWith('libfaketime', FAKETIME)('the archive, when the wall clock', () => {
  /** Puts minute rows of 30 days before now into the file, without their samples. */
  const fillMinutes = async () => {
    await (await start()).end();
    sqlite(
      file,
      `DELETE FROM sample; DELETE FROM minute;
       WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 43200)
       INSERT INTO minute (time_ms, sample_count, game_sample_count, api_memory_mb, api_memory_mb_max,
         api_cpu_percent, api_cpu_percent_max)
       SELECT ${Math.floor(Date.now() / 60_000) * 60_000} - i * 60000, 6, 0, 1, 1, 1, 1 FROM n`,
    );
  };

  it('is 400 days ahead at the start: nothing is deleted', async () => {
    await fillMinutes();
    const app = await start(new FakeClock(folder.path).set('+400d').variables);
    await eventually('upkeep', async () => (await app.history('?minutes=5')).length > 40);
    // As many minutes go as new ones come.
    expect(Number(sqlite(file, 'SELECT COUNT(*) FROM minute WHERE sample_count = 6'))).toBeGreaterThan(
      43_190,
    );
    expect(Number(sqlite(file, 'SELECT MAX(time_ms) FROM minute'))).toBeGreaterThan(
      Date.now() + 399 * 86_400_000,
    );
    expect(await app.end()).toBe(0);
  });

  it('was 20 days behind and is right again: exports and buckets leave nothing out', async () => {
    await fillMinutes();
    const behind = await start(new FakeClock(folder.path).set('-20d').variables);
    await eventually('samples', () => storedTimes(file).length > 5);
    expect(await behind.end()).toBe(0);
    const app = await start({ VS_METRICS_INTERVAL: '0' });
    const total = Number(sqlite(file, 'SELECT SUM(sample_count) FROM minute'));
    expect(total).toBeGreaterThan(43_200 * 6);
    const path = `metrics/export?format=json&from=${new Date(Date.now() - 31 * 86_400_000).toISOString()}`;
    const rows = (await (await app.request(`api/v1alpha1/${path}`)).json()) as WireBucket[];
    expect(rows.reduce((sum, row) => sum + row.sampleCount, 0)).toBe(total);
    const from = new Date(Date.now() - 6 * 86_400_000).toISOString();
    const fine = await app.data<{ metrics: WireBucket[] }>(`metrics/history?from=${from}&points=10000`);
    expect(fine.metrics.length).toBeGreaterThan(8000);
  });

  it.each([
    ['back', '-3600', -1],
    ['forward', '+3600', 1],
  ])('jumps an hour %s: nothing is lost, percentages stay true, times stay sane', async (_, jump, sign) => {
    const clock = new FakeClock(folder.path);
    const app = await start({
      ...clock.variables,
      VS_METRICS_CAPACITY: '20',
      VS_METRICS_INTERVAL: '0.2',
      VS_SERVER_COMMAND: UNFAKED_BURNER,
      VS_SERVER_AUTOSTART: 'true',
      VS_SERVER_STOP_TIMEOUT: '0',
    });
    const given = new Map<string, WireSnapshot>();
    const watch = async (wanted: number) => {
      while (given.size < wanted) {
        for (const snapshot of await app.history()) given.set(snapshot.timestamp, snapshot);
        await delay(50);
      }
    };
    await watch(10);
    // The game starts together with the API, and is too young at first.
    while (![...given.values()].some(({ gameCpuPercent }) => gameCpuPercent !== null))
      await watch(given.size + 1);
    clock.set(jump);
    await watch(given.size + 8);
    clock.set('+0');
    await watch(given.size + 14);

    const stored = storedTimes(file);
    expect(stored).toEqual([...new Set(stored)]);
    expect(stored).toEqual(expect.arrayContaining([...given.keys()]));
    // The order in which they were taken, with two jumps in it.
    const jumps = stored.slice(1).map((time, i) => Date.parse(time) - Date.parse(stored[i] ?? ''));
    expect(jumps.filter((ms) => Math.abs(ms) > 3_000_000).map(Math.sign)).toEqual([sign, -sign]);
    // In one statement, since samples go on.
    const difference = '(SELECT SUM(sample_count) FROM minute) - (SELECT COUNT(*) FROM sample)';
    expect(sqlite(file, `SELECT ${difference}`)).toBe('0');

    // A window that were an hour too long, or negative, would give 0; a busy machine starves the burner a little.
    const all = [...given.values()].map(({ gameCpuPercent }) => gameCpuPercent);
    const first = all.findIndex((percent) => percent !== null);
    const cpu = all.slice(Math.max(3, first), -1).map((percent) => percent ?? NaN);
    expect(Math.min(...cpu)).toBeGreaterThan(0.3);
    expect(Math.max(...cpu)).toBeLessThan(110);

    const now = Date.now();
    const lately = await app.history('?minutes=5');
    expect(Math.min(...lately.map((snapshot) => Date.parse(snapshot.timestamp)))).toBeGreaterThan(
      now - 310_000,
    );
    const hours = await app.data<{ metrics: WireBucket[] }>('metrics/history?minutes=180&points=50');
    const times = hours.metrics.map((bucket) => bucket.timestamp);
    expect(times).toEqual([...new Set(times)].sort());
    const inPast = stored.filter((time) => Date.parse(time) <= now).length;
    expect(hours.metrics.reduce((sum, bucket) => sum + bucket.sampleCount, 0)).toBeGreaterThanOrEqual(inPast);
    expect(hours.metrics.length).toBeLessThanOrEqual(50);
    expect(await app.end()).toBe(0);
  });
});
