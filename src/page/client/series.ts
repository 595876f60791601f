import { type Point } from './samples.js';
import { type Span } from './view.js';

/** Columns for a chart: times in s since the epoch, then the values of both processes. Null draws no line. */
export interface Series {
  readonly times: number[];
  readonly api: (number | null)[];
  readonly game: (number | null)[];
  /** Stretches in which no samples were taken, in s; between two samples from the one to the other. */
  readonly holes: [from: number, to: number][];
}

/** How many intervals without a sample make a hole. */
const HOLE_INTERVALS = 3;

/**
 * Makes the columns of one pair of values. A sample without the game has a null: a gap in its line. A stretch without
 * samples gets a row of nulls, so that no line crosses it, and is named as a hole; so are those at the ends of `known`,
 * the span of which these are all samples.
 */
export function toSeries(
  samples: readonly Point[],
  known: Span,
  intervalSeconds: number,
  api: 'apiMemoryMb' | 'apiCpuPercent',
  game: 'gameMemoryMb' | 'gameCpuPercent',
): Series {
  const series: Series = { times: [], api: [], game: [], holes: [] };
  let before = known.from;
  let usualStep = 0;
  // The interval may have been another one then: the usual step before and the next one count as well.
  const longest = (nextStep: number) => HOLE_INTERVALS * Math.max(intervalSeconds, usualStep, nextStep);
  const addHole = (to: number) => {
    series.holes.push([before, to]);
    series.times.push((before + to) / 2);
    series.api.push(null);
    series.game.push(null);
  };
  samples.forEach((sample, i) => {
    const { time } = sample;
    const limit = longest((samples[i + 1]?.time ?? time) - time);
    // 0: the collection is off, and no other two samples say what was usual.
    if (limit > 0 && time - before > limit) addHole(time);
    else if (i > 0) usualStep = time - before;
    series.times.push(time);
    series.api.push(sample[api]);
    series.game.push(sample[game]);
    before = time;
  });
  if (known.to - before > longest(0)) addHole(known.to);
  return series;
}
