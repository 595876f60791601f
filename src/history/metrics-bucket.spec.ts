import { describe, expect, it } from '@jest/globals';
import { type MetricsSnapshot } from '../metrics/index.js';
import { bucketsOf, bucketWidthMs } from './metrics-bucket.js';
import { UNKNOWN_VALUES } from '../testing/unknown-values.js';

const MINUTE_MS = 60_000;

function sample(timeMs: number, api: number, game: number | null): MetricsSnapshot {
  return {
    timestamp: new Date(timeMs),
    apiMemoryMb: api,
    apiCpuPercent: api / 2,
    ...UNKNOWN_VALUES,
    gameMemoryMb: game,
    gameCpuPercent: game,
  };
}

describe('the width of buckets', () => {
  it.each([
    [60, 500, 8_000],
    [60, 2, 3_600_000],
    [43_200, 500, 87 * MINUTE_MS],
    [1, 10_000, 7],
    [5_256_000, 10_000, 526 * MINUTE_MS],
  ])('for %d minutes in %d points is %d ms', (minutes, points, expected) => {
    expect(bucketWidthMs({ fromMs: 0, toMs: minutes * MINUTE_MS }, points)).toBe(expected);
  });

  it('gives at most that many buckets wherever the span begins', () => {
    for (let attempt = 0; attempt < 2000; attempt++) {
      const fromMs = Math.floor(Math.random() * 1e12);
      const toMs = fromMs + 1 + Math.floor(Math.random() * 10 ** (1 + Math.floor(Math.random() * 9)));
      const points = 2 + Math.floor(Math.random() * 50);
      const widthMs = bucketWidthMs({ fromMs, toMs }, points);
      const touched = Math.floor((toMs - 1) / widthMs) - Math.floor(fromMs / widthMs) + 1;
      expect(touched).toBeLessThanOrEqual(points);
    }
  });

  it('does not change while the span moves along', () => {
    const width = (fromMs: number) => bucketWidthMs({ fromMs, toMs: fromMs + 1234 * MINUTE_MS }, 500);
    expect(width(1_764_000_000_123)).toBe(width(1_764_000_007_777));
  });
});

describe('buckets of samples in memory', () => {
  it('have means, maxima and counts, by time, and leave out what has no samples', () => {
    const buckets = bucketsOf(
      [sample(21_000, 30, null), sample(1_000, 10, 100), sample(9_999, 20, null), sample(22_000, 31, null)],
      10_000,
    );
    expect(buckets).toMatchObject([
      {
        timestamp: new Date(0),
        apiMemoryMb: 15,
        apiCpuPercent: 7.5,
        gameMemoryMb: 100,
        gameCpuPercent: 100,
        apiMemoryMbMax: 20,
        apiCpuPercentMax: 10,
        gameMemoryMbMax: 100,
        gameCpuPercentMax: 100,
        sampleCount: 2,
      },
      {
        timestamp: new Date(20_000),
        apiMemoryMb: 30.5,
        apiCpuPercent: 15.25,
        gameMemoryMb: null,
        gameCpuPercent: null,
        apiMemoryMbMax: 31,
        apiCpuPercentMax: 15.5,
        gameMemoryMbMax: null,
        gameCpuPercentMax: null,
        sampleCount: 2,
      },
    ]);
  });
});
