import { describe, expect, it } from '@jest/globals';
import { toSeries } from './series.js';
import { type Sample } from './wire.js';

const T0 = Date.parse('2026-01-01T00:00:00Z') / 1000;

function sample(second: number, gameMemoryMb: number | null = 50): Sample {
  return {
    timestamp: new Date((T0 + second) * 1000).toISOString(),
    apiMemoryMb: 100 + second,
    apiCpuPercent: 1,
    gameMemoryMb,
    gameCpuPercent: gameMemoryMb === null ? null : 2,
  };
}

function memory(samples: Sample[], intervalSeconds: number) {
  const series = toSeries(samples, intervalSeconds, 'apiMemoryMb', 'gameMemoryMb');
  return {
    times: series.times.map((time) => time - T0),
    api: series.api,
    game: series.game,
    holes: series.holes.map(([from, to]) => [from - T0, to - T0]),
  };
}

describe('the columns of a chart', () => {
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
