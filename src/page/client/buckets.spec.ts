import { describe, expect, it } from '@jest/globals';
import { continued } from './buckets.js';
import { type Point, toPoint } from './samples.js';
import { UNKNOWN_VALUES } from '../../testing/unknown-values.js';

const T0 = 1_800_000_000;

function point(second: number, gameMemoryMb: number | null = 10): Point {
  return toPoint({
    timestamp: new Date((T0 + second) * 1000).toISOString(),
    apiMemoryMb: second,
    apiCpuPercent: 1,
    ...UNKNOWN_VALUES,
    gameMemoryMb,
    gameCpuPercent: gameMemoryMb,
  });
}

/** Buckets of 10 s that were asked for after so many seconds. */
function means(held: readonly Point[], askedAfter: number, now: number) {
  const points = [0, 10, 20, 30].filter((second) => second <= askedAfter).map((second) => point(second, 77));
  const { points: found, to } = continued({ points, bucketSeconds: 10, to: T0 + askedAfter }, held, T0 + now);
  return {
    to: to - T0,
    points: found.map(({ time, apiMemoryMb, gameMemoryMb }) => [time - T0, apiMemoryMb, gameMemoryMb]),
  };
}

describe('means that go on with the samples of the page', () => {
  const held = [14, 18, 22, 26, 30, 34, 38, 42].map((second) => point(second, second === 42 ? null : 10));

  it('are made of samples from the first bucket on that is held as a whole', () => {
    expect(means(held, 31, 43)).toEqual({
      to: 43,
      points: [
        [0, 0, 77],
        [10, 10, 77],
        [20, 24, 10],
        [30, 34, 10],
        [40, 42, null],
      ],
    });
  });

  it('have of players the most at a time', () => {
    const players = [3, 8, 1].map((count, i) => ({ ...point(10 + i), players: count }));
    const { points } = continued(
      { points: [], bucketSeconds: 10, to: T0 + 10 },
      [point(9), ...players],
      T0 + 20,
    );
    expect(points.map(({ players, apiMemoryMb }) => [players, apiMemoryMb])).toEqual([[8, 11]]);
  });

  it('stay as they were answered where something in between is not held, or nothing is', () => {
    const answered = { to: 5, points: [[0, 0, 77]] };
    expect(means(held, 5, 43)).toEqual(answered);
    expect(means([], 5, 43)).toEqual(answered);
  });
});
