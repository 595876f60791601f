import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { prepareSchema } from './schema.js';
import { Retention } from './retention.js';
import { type Connection, openConnection } from './sqlite.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const NOW = Date.parse('2026-11-24T00:00:00Z');

let db: Connection;

beforeEach(() => {
  db = openConnection(':memory:');
  prepareSchema(db);
});

afterEach(() => {
  db.close();
});

/** One sample a minute from one time up to another. */
function record(fromMs: number, toMs: number, stepMs = MINUTE_MS): void {
  const count = Math.floor((toMs - fromMs) / stepMs);
  db.exec(
    `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${count})
     INSERT OR IGNORE INTO minute (time_ms, sample_count, game_sample_count, api_memory_mb, api_memory_mb_max,
       api_cpu_percent, api_cpu_percent_max) SELECT ${fromMs} + i * ${stepMs}, 1, 0, 1, 1, 1, 1 FROM n`,
  );
}

/** Deletes what is due; gives the number of minutes that are left. */
function keep(days: number, nowMs: number): number {
  const { minutesBeforeMs } = new Retention(db, days).due(nowMs);
  if (minutesBeforeMs !== null) db.prepare('DELETE FROM minute WHERE time_ms < ?1').run(minutesBeforeMs);
  return (db.prepare('SELECT COUNT(*) FROM minute').raw().get() as [number])[0];
}

describe('retention', () => {
  it('keeps minutes as long as asked, and samples for two days', () => {
    record(NOW - 31 * DAY_MS, NOW);
    expect(new Retention(db, 30).due(NOW)).toEqual({
      samplesBeforeMs: NOW - 2 * DAY_MS,
      minutesBeforeMs: NOW - 30 * DAY_MS,
    });
  });

  it('keeps samples no longer than minutes', () => {
    record(NOW - 3 * DAY_MS, NOW);
    const { samplesBeforeMs, minutesBeforeMs } = new Retention(db, 1).due(NOW);
    expect(samplesBeforeMs).toBe(NOW - DAY_MS);
    expect(minutesBeforeMs).toBe(NOW - DAY_MS);
  });

  it('has nothing to delete in a new file', () => {
    expect(new Retention(db, 1).due(NOW)).toEqual({ samplesBeforeMs: null, minutesBeforeMs: null });
  });

  it.each([2, 8, 20, 23, 400 * 24, 30_000 * 24])(
    'deletes no more than time goes on while the clock is %d hours ahead, for a day of recording',
    (hours) => {
      record(NOW - 5 * DAY_MS, NOW);
      const wrongMs = NOW + hours * HOUR_MS;
      expect(keep(5, wrongMs)).toBe(5 * 1440);
      for (let hour = 1; hour <= 23; hour += 2) {
        record(wrongMs + Math.max(0, hour - 2) * HOUR_MS, wrongMs + hour * HOUR_MS);
        expect(keep(5, wrongMs + hour * HOUR_MS)).toBeGreaterThanOrEqual(5 * 1440);
      }
      // Set right again.
      expect(keep(5, NOW + DAY_MS)).toBeGreaterThanOrEqual(5 * 1440);
    },
  );

  it.each([1, 2, 5])('is not emptied by any number of wrong starts, with %d days', (days) => {
    record(NOW - days * DAY_MS, NOW);
    for (let start = 1; start <= 20; start++) {
      const wrongMs = NOW + start * 100 * DAY_MS;
      record(wrongMs, wrongMs + 5 * MINUTE_MS);
      expect(keep(days, wrongMs + 5 * MINUTE_MS)).toBeGreaterThanOrEqual(days * 1440);
    }
  });

  it('deletes nothing by a clock that is behind, and nothing more once it is right', () => {
    record(NOW - 5 * DAY_MS, NOW);
    record(NOW - 3 * DAY_MS, NOW - 3 * DAY_MS + HOUR_MS);
    expect(keep(5, NOW - 3 * DAY_MS + HOUR_MS)).toBe(5 * 1440);
    expect(keep(5, NOW)).toBe(5 * 1440);
  });

  it('lets the old go in the end when the clock was right and the machine off for long', () => {
    record(NOW - 405 * DAY_MS, NOW - 400 * DAY_MS);
    record(NOW, NOW + 6 * DAY_MS);
    expect(keep(5, NOW + 6 * DAY_MS)).toBeLessThanOrEqual(5 * 1440 + 1);
  });

  it.each([
    ['sleeps every night', 16, 1],
    ['is on for an hour a day', 1, 1],
    ['is on every third day', 10, 3],
  ])('does not let the file grow when the machine %s', (_, hoursOn, everyDays) => {
    let rows = 0;
    const most: number[] = [];
    for (let day = 0; day < 60; day += everyDays) {
      const morningMs = NOW + day * DAY_MS;
      record(morningMs, morningMs + hoursOn * HOUR_MS);
      rows = keep(5, morningMs + hoursOn * HOUR_MS);
      most.push(rows);
    }
    // And a minute for each time that it was on.
    expect(Math.max(...most)).toBeLessThanOrEqual(5 * 1440 + 60);
    // A night is real time: at 16 hours a day the minutes of four days, and the newest 1,440.
    if (hoursOn === 16) expect(rows).toBeLessThanOrEqual(1440 + 4 * 16 * 60 + 60);
  });

  it('goes by time, not by rows, when samples are far apart', () => {
    record(NOW - 30 * DAY_MS, NOW, 10 * MINUTE_MS);
    expect(keep(5, NOW)).toBe(1440 + 4 * 144);
  });
});
