import { describe, expect, it } from '@jest/globals';
import { type Point, toPoint } from './samples.js';
import { toTimeline, valuesOf } from './timeline.js';
import { UNKNOWN_VALUES } from '../../testing/unknown-values.js';

const T0 = Date.parse('2026-01-01T00:00:00Z') / 1000;

function sample(second: number, gameMemoryMb: number | null = 50): Point {
  return toPoint({
    timestamp: new Date((T0 + second) * 1000).toISOString(),
    apiMemoryMb: 100 + second,
    apiCpuPercent: 1,
    ...UNKNOWN_VALUES,
    gameMemoryMb,
    gameCpuPercent: gameMemoryMb === null ? null : 2,
  });
}

/** The span up to the last sample, in s after T0. */
const whole = (samples: Point[]) => [0, (samples.at(-1)?.time ?? 0) - T0] as const;

function memory(samples: Point[], intervalSeconds: number, [from, to] = whole(samples)) {
  const timeline = toTimeline(samples, { from: T0 + from, to: T0 + to }, intervalSeconds);
  return {
    times: timeline.times.map((time) => time - T0),
    api: valuesOf(timeline, 'apiMemoryMb'),
    game: valuesOf(timeline, 'gameMemoryMb'),
    holes: timeline.holes.map(([from, to]) => [from - T0, to - T0]),
  };
}

describe('the timeline of the charts', () => {
  it('are empty without samples', () => {
    expect(memory([], 10)).toEqual({ times: [], api: [], game: [], holes: [] });
  });

  it('have a null where the game was down, and go on for the API', () => {
    expect(memory([sample(0), sample(10, null), sample(20)], 10)).toEqual({
      times: [0, 10, 20],
      api: [100, 110, 120],
      game: [50, null, 50],
      holes: [],
    });
  });

  it('break every line where no samples were taken, and name the hole', () => {
    expect(memory([sample(0), sample(10), sample(100), sample(110)], 10)).toEqual({
      times: [0, 10, 55, 100, 110],
      api: [100, 110, null, 200, 210],
      game: [50, 50, null, 50, 50],
      holes: [[10, 100]],
    });
  });

  it('see a hole before the first sample and after the last, when they are far from the ends', () => {
    const { times, api, holes } = memory([sample(100), sample(110)], 10, [0, 150]);
    expect(holes).toEqual([
      [0, 100],
      [110, 150],
    ]);
    expect(times).toEqual([50, 100, 110, 130]);
    expect(api).toEqual([null, 200, 210, null]);
    expect(memory([sample(30), sample(40)], 10, [0, 70]).holes).toEqual([]);
  });

  it('see a hole in a span without samples, and after the last one while the collection is off', () => {
    expect(memory([], 10, [0, 31]).holes).toEqual([[0, 31]]);
    expect(memory([sample(0), sample(10)], 0, [0, 40]).holes).toEqual([]);
    expect(memory([sample(0), sample(10)], 0, [0, 41]).holes).toEqual([[10, 41]]);
  });

  it('see no hole in two missing samples', () => {
    expect(memory([sample(0), sample(10), sample(40), sample(50)], 10).holes).toEqual([]);
  });

  it('see no holes in samples of a time when the interval was longer', () => {
    expect(memory([sample(0), sample(60), sample(120), sample(121), sample(122)], 1).holes).toEqual([]);
  });

  it('see both holes around a short stretch', () => {
    const samples = [0, 1, 100, 101, 200, 201].map((second) => sample(second));
    expect(memory(samples, 1).holes).toEqual([
      [1, 100],
      [101, 200],
    ]);
  });
});
