import { type Sample } from './wire.js';

/** Columns for a chart: times in s since the epoch, then the values of both processes. Null draws no line. */
export interface Series {
  readonly times: number[];
  readonly api: (number | null)[];
  readonly game: (number | null)[];
  /** Stretches in which no samples were taken, from the last sample before to the first after, in s. */
  readonly holes: [from: number, to: number][];
}

/** How many intervals without a sample make a hole. */
const HOLE_INTERVALS = 3;

/**
 * Makes the columns of one pair of values. A sample without the game has a null: a gap in its line. A stretch without
 * samples gets a row of nulls, so that no line crosses it, and is named as a hole.
 */
export function toSeries(
  samples: readonly Sample[],
  intervalSeconds: number,
  api: 'apiMemoryMb' | 'apiCpuPercent',
  game: 'gameMemoryMb' | 'gameCpuPercent',
): Series {
  const series: Series = { times: [], api: [], game: [], holes: [] };
  const times = samples.map((sample) => Date.parse(sample.timestamp) / 1000);
  let usualStep = 0;
  samples.forEach((sample, i) => {
    const time = times[i] ?? 0;
    const before = times[i - 1];
    if (before !== undefined) {
      // The interval may have been another one then: the usual step before and the next one count as well.
      const nextStep = (times[i + 1] ?? time) - time;
      if (time - before > HOLE_INTERVALS * Math.max(intervalSeconds, usualStep, nextStep)) {
        series.holes.push([before, time]);
        series.times.push((before + time) / 2);
        series.api.push(null);
        series.game.push(null);
      } else {
        usualStep = time - before;
      }
    }
    series.times.push(time);
    series.api.push(sample[api]);
    series.game.push(sample[game]);
  });
  return series;
}
