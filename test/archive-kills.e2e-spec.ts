import { describe, expect, it } from '@jest/globals';
import { rmSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { EventParser } from '../src/page/client/event-parser.js';
import { type ApiProcess, type WireSnapshot } from '../src/testing/api-process.mjs';
import { describeWith } from '../src/testing/components.js';
import { archiveLife } from './support/archive-life.js';
import { eventually } from './support/eventually.js';
import { sqlite, storedTimes } from './support/sqlite-shell.js';

const archive = archiveLife();

describeWith('sqlite3', '/usr/bin/sqlite3')('the archive of an application that ends by', () => {
  describe('SIGTERM', () => {
    it('leaves the last sample in the file, nothing in the WAL, and exit code 0', async () => {
      const running = await archive.start();
      await eventually('ten samples', async () => (await running.history()).length >= 10);
      const seen = await running.history();
      expect(await running.end('SIGTERM')).toBe(0);

      expect(statSync(`${archive.file}-wal`, { throwIfNoEntry: false })?.size ?? 0).toBe(0);
      // Without its WAL: what is here is in the file itself.
      rmSync(`${archive.file}-wal`, { force: true });
      const stored = storedTimes(archive.file);
      expect(stored).toEqual([...new Set(stored)]);
      expect(stored.slice(0, seen.length)).toEqual(seen.map((snapshot) => snapshot.timestamp));
      expect(sqlite(archive.file, 'PRAGMA integrity_check')).toBe('ok');
    });
  });

  describe('SIGKILL', () => {
    it('loses no sample that any client was given, 50 times in a row', async () => {
      const given = new Map<string, WireSnapshot>();
      for (let round = 0; round < 50; round++) {
        const running = await archive.start({ VS_METRICS_CAPACITY: '60' });
        const atOnce = await running.history();
        const known = [...given.keys()];
        expect(atOnce.map((snapshot) => snapshot.timestamp)).toEqual(
          expect.arrayContaining(known.slice(-Math.min(known.length, 40))),
        );
        const killed = delay(100 + Math.random() * 500).then(() => running.end('SIGKILL'));
        for await (const snapshot of streamed(running)) given.set(snapshot.timestamp, snapshot);
        await killed;
      }
      const stored = storedTimes(archive.file);
      expect(stored).toEqual([...new Set(stored)]);
      expect(stored).toEqual([...stored].sort());
      const missing = [...given.keys()].filter((time) => !stored.includes(time));
      expect(missing).toEqual([]);
      expect(given.size).toBeGreaterThan(100);
      expect(sqlite(archive.file, 'PRAGMA integrity_check')).toBe('ok');
      expect(sqlite(archive.file, 'SELECT SUM(sample_count) FROM minute')).toBe(String(stored.length));

      const running = await archive.start({ VS_METRICS_CAPACITY: '60' });
      const all = await running.history('?minutes=60');
      expect(all.slice(0, stored.length).map((snapshot) => snapshot.timestamp)).toEqual(stored);
      for (const snapshot of all) {
        const before = given.get(snapshot.timestamp);
        if (before !== undefined) expect(snapshot).toEqual(before);
      }
    }, 600_000);
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
    for (const { type, data } of parser.push(piece.value))
      if (type === 'snapshot') yield JSON.parse(data) as WireSnapshot;
  }
}
