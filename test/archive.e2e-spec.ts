import { describe, expect, it } from '@jest/globals';
import { statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type WireBucket } from '../src/testing/api-process.mjs';
import { describeWith } from '../src/testing/components.js';
import { archiveLife } from './support/archive-life.js';
import { eventually } from './support/eventually.js';
import { fillArchive } from './support/fill-archive.js';
import { sqlite, storedTimes } from './support/sqlite-shell.js';

const BURNER = `${process.execPath} -e 'setInterval(() => { const end = Date.now() + 20; while (Date.now() < end); }, 40)'`;

const archive = archiveLife();

/** Makes the file as the application makes it, with one sample every 10 s; answers with the time of their end. */
async function makeArchive(count: number, agoMs: number): Promise<number> {
  await (await archive.start({ VS_METRICS_INTERVAL: '0' })).end();
  return fillArchive(archive.file, count, agoMs);
}

describeWith('sqlite3', '/usr/bin/sqlite3')('the archive', () => {
  describe('a start', () => {
    it('fills the memory, so that charts go on after a restart; a hole stays a hole', async () => {
      const first = await archive.start({ VS_SERVER_COMMAND: BURNER, VS_SERVER_AUTOSTART: 'true' });
      await eventually('the game', async () =>
        (await first.history()).some((s) => (s.gameCpuPercent ?? 0) > 5),
      );
      await first.end();
      const stored = storedTimes(archive.file);
      await delay(500);

      const second = await archive.start({ VS_METRICS_INTERVAL: '0' });
      const history = await second.history();
      expect(history.map((snapshot) => snapshot.timestamp)).toEqual(stored);
      expect(history.some((snapshot) => (snapshot.gameCpuPercent ?? 0) > 5)).toBe(true);
      expect(Date.now() - Date.parse(stored.at(-1) ?? '')).toBeGreaterThan(500);
    });

    it('keeps nothing without a folder', async () => {
      const running = await archive.start({ VS_DATA_DIR: '' });
      await eventually('samples', async () => (await running.history('?minutes=5')).length > 2);
      expect(await running.degraded()).toBeNull();
      const { metrics } = await running.data<{ metrics: WireBucket[] }>('metrics/history?minutes=5&points=2');
      // A bucket may have ended meanwhile.
      expect(metrics.reduce((sum, { sampleCount }) => sum + sampleCount, 0)).toBeGreaterThan(2);
      expect(statSync(archive.file, { throwIfNoEntry: false })).toBeUndefined();
      expect(await running.end()).toBe(0);
    });
  });

  describe('the history', () => {
    it('is the newest that the memory holds, and reaches behind it, in samples and in buckets', async () => {
      const endMs = await makeArchive(9000, 5000);
      const running = await archive.start({ VS_METRICS_INTERVAL: '0', VS_METRICS_CAPACITY: '100' });
      const stored = storedTimes(archive.file);
      expect((await running.history()).map((snapshot) => snapshot.timestamp)).toEqual(stored.slice(-100));

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
  });

  describe('retention', () => {
    it('deletes samples after two days and minutes after the days that were set, while samples are written', async () => {
      await makeArchive(30_000, 1000);
      const day = 86_400_000;
      const running = await archive.start({ VS_METRICS_RETENTION_DAYS: '3' });
      await eventually(
        'samples are deleted',
        () => Date.parse(storedTimes(archive.file)[0] ?? '') > Date.now() - 2 * day - 60_000,
      );
      await eventually('minutes are deleted', () => oldestMinute() > Date.now() - 3 * day - 120_000);
      expect(Date.parse(storedTimes(archive.file)[0] ?? '')).toBeLessThan(Date.now() - 2 * day + 120_000);
      expect(oldestMinute()).toBeLessThan(Date.now() - 3 * day + 120_000);
      expect(await running.degraded()).toBeNull();
      const { metrics } = await running.data<{ metrics: WireBucket[] }>(
        'metrics/history?minutes=43200&points=10000',
      );
      expect(Date.parse(metrics[0]?.timestamp ?? '')).toBeLessThan(Date.now() - 2.9 * day);
    });

    function oldestMinute(): number {
      return Number(sqlite(archive.file, 'SELECT MIN(time_ms) FROM minute'));
    }
  });
});
