import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EventParser } from '../src/page/client/event-parser.js';
import { ApiProcess, MONITOR_KEY, type WireBucket, type WireSnapshot } from '../src/testing/api-process.mjs';
import { eventually } from './support/eventually.js';
import { describeWith } from '../src/testing/components.js';
import { sqlite, storedTimes } from './support/sqlite-shell.js';

const BURNER = `${process.execPath} -e 'setInterval(() => { const end = Date.now() + 20; while (Date.now() < end); }, 40)'`;

let dir: string;
let file: string;
let app: ApiProcess | null;
let emptyFile: Buffer | undefined;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'vs-archive-'));
  file = join(dir, 'metrics.db');
  app = null;
});

afterEach(async () => {
  await app?.end('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

async function start(env: Record<string, string> = {}): Promise<ApiProcess> {
  app = await ApiProcess.start({
    VS_METRICS_INTERVAL: '0.1',
    VS_DATA_DIR: dir,
    VS_SERVER_STOP_TIMEOUT: '0',
    ...env,
  });
  return app;
}

/** Makes the file as an app makes it, without a sample. */
async function makeFile(): Promise<void> {
  if (emptyFile === undefined) {
    await (await start({ VS_METRICS_INTERVAL: '0' })).end();
    emptyFile = readFileSync(file);
  } else {
    writeFileSync(file, emptyFile);
  }
}

/** Puts one sample every `stepMs` into a file that an app made, ending `agoMs` before now. */
function fill(count: number, agoMs: number, stepMs = 10_000): number {
  const endMs = Date.now() - agoMs;
  const rows = `WITH RECURSIVE n(i) AS (SELECT ${count} UNION ALL SELECT i - 1 FROM n WHERE i > 1)`;
  sqlite(
    file,
    `BEGIN;
     INSERT INTO sample (time_ms, api_memory_mb, api_cpu_percent)
       ${rows} SELECT ${endMs} - i * ${stepMs}, 100 + i % 7, i % 3 FROM n;
     INSERT OR IGNORE INTO minute (time_ms, sample_count, game_sample_count, api_memory_mb, api_memory_mb_max,
       api_cpu_percent, api_cpu_percent_max)
       SELECT time_ms / 60000 * 60000, COUNT(*), 0, AVG(api_memory_mb), MAX(api_memory_mb), AVG(api_cpu_percent),
         MAX(api_cpu_percent) FROM sample GROUP BY time_ms / 60000 * 60000;
     COMMIT;`,
  );
  return endMs;
}

describeWith('sqlite3', '/usr/bin/sqlite3')('the archive', () => {
  describe('SIGTERM', () => {
    it('leaves the last sample in the file, nothing in the WAL, and exit code 0', async () => {
      const running = await start();
      await eventually('ten samples', async () => (await running.history()).length >= 10);
      const seen = await running.history();
      expect(await running.end('SIGTERM')).toBe(0);

      expect(statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0).toBe(0);
      // Without its WAL: what is here is in the file itself.
      rmSync(`${file}-wal`, { force: true });
      const stored = storedTimes(file);
      expect(stored).toEqual([...new Set(stored)]);
      expect(stored.slice(0, seen.length)).toEqual(seen.map((snapshot) => snapshot.timestamp));
      expect(sqlite(file, 'PRAGMA integrity_check')).toBe('ok');
    });
  });

  describe('SIGKILL', () => {
    it('loses no sample that any client was given, 50 times in a row', async () => {
      const given = new Map<string, WireSnapshot>();
      for (let round = 0; round < 50; round++) {
        const running = await start({ VS_METRICS_CAPACITY: '60' });
        const atOnce = await running.history();
        const known = [...given.keys()];
        expect(atOnce.map((snapshot) => snapshot.timestamp)).toEqual(
          expect.arrayContaining(known.slice(-Math.min(known.length, 40))),
        );
        const killed = delay(100 + Math.random() * 500).then(() => running.end('SIGKILL'));
        for await (const snapshot of streamed(running)) given.set(snapshot.timestamp, snapshot);
        await killed;
      }
      const stored = storedTimes(file);
      expect(stored).toEqual([...new Set(stored)]);
      expect(stored).toEqual([...stored].sort());
      const missing = [...given.keys()].filter((time) => !stored.includes(time));
      expect(missing).toEqual([]);
      expect(given.size).toBeGreaterThan(100);
      expect(sqlite(file, 'PRAGMA integrity_check')).toBe('ok');
      expect(sqlite(file, 'SELECT SUM(sample_count) FROM minute')).toBe(String(stored.length));

      const running = await start({ VS_METRICS_CAPACITY: '60' });
      const all = await running.history('?minutes=60');
      expect(all.slice(0, stored.length).map((snapshot) => snapshot.timestamp)).toEqual(stored);
      for (const snapshot of all) {
        const before = given.get(snapshot.timestamp);
        if (before !== undefined) expect(snapshot).toEqual(before);
      }
    }, 600_000);
  });

  describe('a start', () => {
    it('fills the memory, so that charts go on after a restart; a hole stays a hole', async () => {
      const first = await start({ VS_SERVER_COMMAND: BURNER, VS_SERVER_AUTOSTART: 'true' });
      await eventually('the game', async () =>
        (await first.history()).some((s) => s.gameCpuPercent !== null),
      );
      await first.end();
      const stored = storedTimes(file);
      await delay(500);

      const second = await start({ VS_METRICS_INTERVAL: '0' });
      const history = await second.history();
      expect(history.map((snapshot) => snapshot.timestamp)).toEqual(stored);
      expect(history.some((snapshot) => (snapshot.gameCpuPercent ?? 0) > 5)).toBe(true);
      expect(Date.now() - Date.parse(stored.at(-1) ?? '')).toBeGreaterThan(500);
    });

    it('takes no more than the memory holds, and the newest', async () => {
      await makeFile();
      fill(500, 1000);
      const running = await start({ VS_METRICS_INTERVAL: '0', VS_METRICS_CAPACITY: '100' });
      const history = await running.history();
      expect(history).toHaveLength(100);
      expect(history.map((snapshot) => snapshot.timestamp)).toEqual(storedTimes(file).slice(-100));
    });

    it('keeps nothing without a folder', async () => {
      const running = await start({ VS_DATA_DIR: '' });
      await eventually('samples', async () => (await running.history('?minutes=5')).length > 2);
      expect(await running.degraded()).toBeNull();
      const { metrics } = await running.data<{ metrics: WireBucket[] }>('metrics/history?minutes=5&points=2');
      expect(metrics[0]?.sampleCount).toBeGreaterThan(2);
      expect(statSync(file, { throwIfNoEntry: false })).toBeUndefined();
      expect(await running.end()).toBe(0);
    });
  });

  describe('the history', () => {
    it('reaches behind the memory, in samples and in buckets', async () => {
      await makeFile();
      const endMs = fill(9000, 5000);
      const running = await start({ VS_METRICS_INTERVAL: '0', VS_METRICS_CAPACITY: '100' });
      const stored = storedTimes(file);

      const lastHour = () => stored.filter((time) => Date.parse(time) >= Date.now() - 3_600_000).length;
      const most = lastHour();
      const hour = await running.history('?minutes=60');
      expect(hour.length).toBeLessThanOrEqual(most);
      expect(hour.length).toBeGreaterThanOrEqual(lastHour());
      expect(hour.length).toBeGreaterThan(300);
      expect(hour.map((snapshot) => snapshot.timestamp)).toEqual(stored.slice(-hour.length));

      const day = await running.data<{ metrics: WireBucket[]; count: number; bucketSeconds: number }>(
        'metrics/history?minutes=1440&points=100',
      );
      expect(day.bucketSeconds).toBe(900);
      expect(day.count).toBe(day.metrics.length);
      expect(day.count).toBeGreaterThan(95);
      expect(day.count).toBeLessThanOrEqual(100);
      expect(day.metrics[1]).toMatchObject({ sampleCount: 90, apiMemoryMbMax: 106, gameMemoryMb: null });
      expect(day.metrics[1]?.apiMemoryMb).toBeCloseTo(103, 0);
      for (const bucket of day.metrics) expect(Date.parse(bucket.timestamp) % 900_000).toBe(0);

      const from = new Date(endMs - 3_600_000).toISOString();
      const to = new Date(endMs - 1_800_000).toISOString();
      const span = await running.history(`?from=${from}&to=${to}`);
      expect(span.map((snapshot) => snapshot.timestamp)).toEqual(
        stored.filter((time) => time >= from && time < to),
      );
      const { historyFrom } = await running.data<{ historyFrom: string }>('metrics/info');
      expect(Date.parse(stored[0] ?? '') - Date.parse(historyFrom)).toBeLessThan(60_000);
    });

    it('refuses more samples than an answer may hold, and names points', async () => {
      await makeFile();
      fill(100_001, 1000, 100);
      const running = await start({ VS_METRICS_INTERVAL: '0' });
      const refused = await running.request('api/v1alpha1/metrics/history?minutes=1440');
      expect(refused.status).toBe(400);
      expect(await refused.text()).toMatch(/points.*100000/);
      expect(await running.history('?minutes=1440&points=50')).not.toHaveLength(0);
    });

    it('refuses what makes no sense, and names the parameter', async () => {
      const running = await start({ VS_METRICS_INTERVAL: '0' });
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
        const response = await running.request(`api/v1alpha1/metrics/history?${query}`);
        expect([query, response.status]).toEqual([query, 400]);
        const { message } = (await response.json()) as { message: string[] };
        expect(message[0]).toMatch(new RegExp(`^${name}: `));
      }
    });
  });

  describe('retention', () => {
    it('deletes samples after two days and minutes after the days that were set, while samples are written', async () => {
      await makeFile();
      fill(30_000, 1000);
      const day = 86_400_000;
      const running = await start({ VS_METRICS_RETENTION_DAYS: '3' });
      await eventually(
        'samples are deleted',
        () => Date.parse(storedTimes(file)[0] ?? '') > Date.now() - 2 * day - 60_000,
      );
      await eventually('minutes are deleted', () => oldestMinute() > Date.now() - 3 * day - 120_000);
      expect(Date.parse(storedTimes(file)[0] ?? '')).toBeLessThan(Date.now() - 2 * day + 120_000);
      expect(oldestMinute()).toBeLessThan(Date.now() - 3 * day + 120_000);
      expect(await running.degraded()).toBeNull();
      const { metrics } = await running.data<{ metrics: WireBucket[] }>(
        'metrics/history?minutes=43200&points=10000',
      );
      expect(Date.parse(metrics[0]?.timestamp ?? '')).toBeLessThan(Date.now() - 2.9 * day);
    });

    function oldestMinute(): number {
      return Number(sqlite(file, 'SELECT MIN(time_ms) FROM minute'));
    }
  });

  describe('an export', () => {
    it('gives a span as CSV and JSON, with a name', async () => {
      await makeFile();
      fill(20_000, 5000);
      const running = await start({ VS_METRICS_INTERVAL: '0' });
      const stored = storedTimes(file);

      const csv = await running.request('api/v1alpha1/metrics/export');
      expect(csv.headers.get('content-type')).toMatch(/^text\/csv/);
      expect(csv.headers.get('content-disposition')).toMatch(
        /^attachment; filename="vintagestory-metrics_\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ_\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.csv"$/,
      );
      const lines = (await csv.text()).split('\r\n');
      expect(lines[0]).toMatch(/^timestamp,apiMemoryMb,apiCpuPercent,gameMemoryMb,gameCpuPercent,/);
      expect(lines.slice(1, -1).map((line) => line.split(',')[0])).toEqual(stored);
      expect(lines.at(-1)).toBe('');

      const json = await running.request(`api/v1alpha1/metrics/export?format=json&from=${stored[10] ?? ''}`);
      const rows = (await json.json()) as WireBucket[];
      expect(rows.map((row) => row.timestamp)).toEqual(stored.slice(10));
      expect(rows[0]).toMatchObject({ gameMemoryMb: null, sampleCount: 1 });
    });

    it('needs the admin key and valid parameters', async () => {
      const running = await start();
      const path = 'api/v1alpha1/metrics/export';
      expect((await running.request(path, {}, null)).status).toBe(401);
      expect((await running.request(path, {}, MONITOR_KEY)).status).toBe(403);
      const response = await running.request(`${path}?format=xml`);
      expect(response.status).toBe(400);
      expect(await response.text()).toMatch(/format: csv or json/);
    });

    it('takes no more memory for a long span, and stops when the client goes', async () => {
      await makeFile();
      sqlite(
        file,
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500000)
       INSERT INTO sample (time_ms, api_memory_mb, api_cpu_percent) SELECT ${Date.now()} - 160000000 + i * 100, 1.5, i FROM n`,
      );
      const running = await start();
      const rssMb = () =>
        running.data<WireSnapshot>('metrics/current').then((snapshot) => snapshot.apiMemoryMb);
      // The first export pays for the worker and its buffers.
      const short = await running.request(
        `api/v1alpha1/metrics/export?format=json&from=${agoIso(3_600_000)}`,
      );
      await short.text();
      const before = await rssMb();
      let peak = before;
      let bytes = 0;
      let chunks = 0;
      const long = await running.request(`api/v1alpha1/metrics/export?format=json&from=${agoIso(2e8)}`);
      for await (const chunk of long.body as unknown as AsyncIterable<Uint8Array>) {
        bytes += chunk.length;
        chunks += 1;
        if (chunks % 50 === 0) peak = Math.max(peak, await rssMb());
      }
      expect(bytes).toBeGreaterThan(150e6);
      expect(peak - before).toBeLessThan(100);

      const abort = new AbortController();
      const aborted = await running.request(`api/v1alpha1/metrics/export?from=${agoIso(2e8)}`, {
        signal: abort.signal,
      });
      await aborted.body?.getReader().read();
      abort.abort();
      await delay(300);
      const cpu = await running.data<WireSnapshot>('metrics/current');
      expect(cpu.apiCpuPercent).toBeLessThan(50);
    });
  });
});

/** What the stream gives, from the oldest sample in memory on, until the app ends. */
async function* streamed(from: ApiProcess): AsyncGenerator<WireSnapshot> {
  const headers = { 'last-event-id': '0' };
  const { body } = await from.request('api/v1alpha1/metrics/stream', { headers });
  const parser = new EventParser();
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const piece = await reader?.read().catch(() => undefined);
    if (piece?.value === undefined) return;
    for (const { data } of parser.push(piece.value)) yield JSON.parse(data) as WireSnapshot;
  }
}

function agoIso(ms: number): string {
  return new Date(Date.now() - ms).toISOString();
}
