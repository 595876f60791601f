import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ApiProcess, MONITOR_KEY, type WireBucket, type WireSnapshot } from '../src/testing/api-process.mjs';
import { describeWith } from '../src/testing/components.js';
import { kernelCpuMs } from '../src/testing/kernel.js';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { waitFor } from '../src/testing/wait-for.js';
import { fillArchive } from './support/fill-archive.js';
import { sqlite, storedTimes } from './support/sqlite-shell.js';

/** More samples than one answer may hold, within the two days for which they are kept. */
const SAMPLES = 100_001;

let folder: ReturnType<typeof temporaryFolder>;
let file: string;
let app: ApiProcess;

function useNewFolder(): void {
  folder = temporaryFolder();
  file = join(folder.path, 'metrics.db');
}

async function start(interval: string): Promise<ApiProcess> {
  app = await ApiProcess.start({ VS_METRICS_INTERVAL: interval, VS_DATA_DIR: folder.path });
  return app;
}

async function end(): Promise<void> {
  await app.kill();
  folder.remove();
}

describeWith('sqlite3', '/usr/bin/sqlite3')('with a long archive', () => {
  beforeAll(async () => {
    useNewFolder();
    await (await start('0')).end();
    fillArchive(file, SAMPLES, 5000, 1500);
    await start('0');
  });

  afterAll(end);

  describe('the history', () => {
    it('refuses more samples than an answer may hold, and names points', async () => {
      const refused = await app.request('api/v1alpha1/metrics/history?minutes=2880');
      expect(refused.status).toBe(400);
      expect(await refused.text()).toMatch(/points.*100000/);
      expect(await app.history('?minutes=1440&points=50')).not.toHaveLength(0);
    });

    it('refuses what makes no sense, and names the parameter', async () => {
      for (const [query, name] of [
        ['minutes=0', 'minutes'],
        ['minutes=5256001', 'minutes'],
        ['minutes=1.5', 'minutes'],
        ['points=1', 'points'],
        ['points=10001', 'points'],
        ['from=yesterday', 'from'],
        ['from=2026-13-01', 'from'],
        ['from=2026-02-30T10:00', 'from'],
        ['from=2026-11-24&to=2026-11-23', 'from'],
        ['to=2026-11-24', 'to'],
        ['minutes=5&from=2026-11-24', 'minutes'],
      ] as const) {
        const response = await app.request(`api/v1alpha1/metrics/history?${query}`);
        expect([query, response.status]).toEqual([query, 400]);
        const { message } = (await response.json()) as { message: string[] };
        expect(message[0]).toMatch(new RegExp(`^${name}: `));
      }
    });
  });

  describe('an export', () => {
    it('gives a span as CSV and JSON, with a name', async () => {
      const stored = storedTimes(file);

      const csv = await app.request('api/v1alpha1/metrics/export');
      expect(csv.headers.get('content-type')).toMatch(/^text\/csv/);
      expect(csv.headers.get('content-disposition')).toMatch(
        /^attachment; filename="vintagestory-metrics_\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ_\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.csv"$/,
      );
      const lines = (await csv.text()).split('\r\n');
      expect(lines[0]).toMatch(/^timestamp,apiMemoryMb,apiCpuPercent,gameMemoryMb,gameCpuPercent,/);
      expect(lines.slice(1, -1).map((line) => line.split(',')[0])).toEqual(stored);
      expect(lines.at(-1)).toBe('');

      const json = await app.request(`api/v1alpha1/metrics/export?format=json&from=${stored[10] ?? ''}`);
      const rows = (await json.json()) as WireBucket[];
      expect(rows.map((row) => row.timestamp)).toEqual(stored.slice(10));
      expect(rows[0]).toMatchObject({ gameMemoryMb: null, sampleCount: 1 });
    });

    it('needs the admin key and valid parameters', async () => {
      const path = 'api/v1alpha1/metrics/export';
      expect((await app.request(path, {}, null)).status).toBe(401);
      expect((await app.request(path, {}, MONITOR_KEY)).status).toBe(403);
      const response = await app.request(`${path}?format=xml`);
      expect(response.status).toBe(400);
      expect(await response.text()).toMatch(/format: csv or json/);
    });
  });
});

describeWith('sqlite3', '/usr/bin/sqlite3')('an export of hours at 0.1 s', () => {
  beforeAll(() => {
    useNewFolder();
  });
  afterAll(end);
  it('takes no more memory for a long span, and stops when the client goes', async () => {
    await (await start('0')).end();
    sqlite(
      file,
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500000)
       INSERT INTO sample (time_ms, api_memory_mb, api_cpu_percent) SELECT ${Date.now()} - 160000000 + i * 100, 1.5, i FROM n`,
    );
    await start('0.1');

    const rssMb = () => app.data<WireSnapshot>('metrics/current').then((snapshot) => snapshot.apiMemoryMb);
    // The first export pays for the worker and its buffers, and for what the heap grows to: 76 MB of the 100 after a short one.
    const short = await app.request(`api/v1alpha1/metrics/export?format=json&from=${agoIso(6 * 3_600_000)}`);
    await short.text();
    const before = await rssMb();
    const cpuBeforeMs = kernelCpuMs(app.pid);
    let peak = before;
    let bytes = 0;
    let chunks = 0;
    const long = await app.request(`api/v1alpha1/metrics/export?format=json&from=${agoIso(2e8)}`);
    for await (const chunk of long.body as unknown as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      chunks += 1;
      if (chunks % 50 === 0) peak = Math.max(peak, await rssMb());
    }
    expect(bytes).toBeGreaterThan(150e6);
    expect(peak - before).toBeLessThan(100);
    const wholeMs = kernelCpuMs(app.pid) - cpuBeforeMs;

    const abort = new AbortController();
    const aborted = await app.request(`api/v1alpha1/metrics/export?from=${agoIso(2e8)}`, {
      signal: abort.signal,
    });
    await aborted.body?.getReader().read();
    const cpuAtAbortMs = kernelCpuMs(app.pid);
    abort.abort();
    await delay(300);
    await waitFor(
      async () => (await app.data<WireSnapshot>('metrics/current')).apiCpuPercent < 50,
      'it is at rest',
    );
    // Much less than the rest of the export would have taken.
    expect(kernelCpuMs(app.pid) - cpuAtAbortMs).toBeLessThan(wholeMs / 2);
  }, 300_000);
});

function agoIso(ms: number): string {
  return new Date(Date.now() - ms).toISOString();
}
