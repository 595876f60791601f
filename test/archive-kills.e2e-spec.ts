import { describe, expect, it } from '@jest/globals';
import { rmSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { EventParser, type StreamEvent } from '../src/page/client/event-parser.js';
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
    it('loses no sample and no event that any client was given, and doubles none, 50 times in a row', async () => {
      const givenEvents = new Set<string>();
      /** As JSON: two may have been taken in the same millisecond. */
      const given = new Set<string>();
      const timesGiven = () => [...given].map((text) => (JSON.parse(text) as WireSnapshot).timestamp);
      for (let round = 0; round < 50; round++) {
        const running = await archive.start({ VS_METRICS_CAPACITY: '400' });
        const atOnce = await running.history();
        const known = timesGiven();
        expect(atOnce.map((snapshot) => snapshot.timestamp)).toEqual(
          expect.arrayContaining(known.slice(-Math.min(known.length, 40))),
        );
        if (round > 0)
          expect(running.said('The previous run of the API was killed; it was last alive at 2')).toBe(1);
        const killed = delay(100 + Math.random() * 500).then(() => running.end('SIGKILL'));
        const told = tellEvents(running, givenEvents);
        for await (const { type, data } of streamed(running)) {
          if (type === 'snapshot') given.add(JSON.stringify(JSON.parse(data)));
          else givenEvents.add(data);
        }
        await Promise.all([killed, told]);
      }
      const stored = storedTimes(archive.file);
      const doubled =
        'SELECT 1 FROM sample GROUP BY time_ms, api_memory_mb, api_cpu_percent HAVING COUNT(*) > 1';
      expect(sqlite(archive.file, doubled)).toBe('');
      expect(stored).toEqual([...stored].sort());
      const missing = timesGiven().filter((time) => !stored.includes(time));
      expect(missing).toEqual([]);
      expect(given.size).toBeGreaterThan(100);
      expect(sqlite(archive.file, 'PRAGMA integrity_check')).toBe('ok');
      expect(sqlite(archive.file, 'SELECT SUM(sample_count) FROM minute')).toBe(String(stored.length));

      const running = await archive.start({ VS_METRICS_CAPACITY: '400' });
      const exported = await running.request('api/v1alpha1/events/export?format=json');
      const events = ((await exported.json()) as { kind: string }[]).map((event) => JSON.stringify(event));
      expect(events).toEqual([...new Set(events)]);
      expect([...givenEvents].filter((event) => !events.includes(event))).toEqual([]);
      expect(givenEvents.size).toBeGreaterThan(100);
      expect(events.filter((event) => event.includes('"api_killed"'))).toHaveLength(50);
      const all = await running.history('?minutes=60');
      expect(all.slice(0, stored.length).map((snapshot) => snapshot.timestamp)).toEqual(stored);
      const kept = new Set(all.map((snapshot) => JSON.stringify(snapshot)));
      expect([...given].filter((snapshot) => !kept.has(snapshot))).toEqual([]);
    }, 600_000);
  });
});

/** What the stream gives, from the oldest sample in memory on, until the app ends. */
async function* streamed(from: ApiProcess): AsyncGenerator<StreamEvent> {
  const headers = { 'last-event-id': '0' };
  // It may be killed before it answers.
  const response = await from.request('api/v1alpha1/metrics/stream', { headers }).catch(() => null);
  const parser = new EventParser();
  const reader = response?.body?.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const piece = await reader?.read().catch(() => undefined);
    if (piece?.value === undefined) return;
    yield* parser.push(piece.value);
  }
}

/** Has the app tell events, and asks for them now and then, until it ends. */
async function tellEvents(running: ApiProcess, given: Set<string>): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  for (let i = 0; running.isRunning; i++) {
    const body = JSON.stringify({ intervalSeconds: 0.1 + (i % 2) / 100 });
    await running.request('api/v1alpha1/settings', { method: 'PATCH', headers, body }).catch(() => undefined);
    if (i % 5 > 0) continue;
    const list = await running.data<{ events: object[] }>('events').catch(() => null);
    for (const event of list?.events ?? []) given.add(JSON.stringify(event));
  }
}
