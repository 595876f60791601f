import { type Point } from './samples.js';
import { type Span } from './span.js';
import { MAX_MISSED_INTERVALS } from '../../metrics/missed-intervals.js';
import { type SeriesName } from '../../metrics/series.js';

/** What all charts have in common: the times (s since the epoch) with what was measured at each. */
export interface Timeline {
  readonly times: readonly number[];
  /** Null in a hole, so that no line crosses it. */
  readonly points: readonly (Point | null)[];
  /** Stretches in which no samples were taken, in s; between two samples from the one to the other. */
  readonly holes: readonly (readonly [from: number, to: number])[];
}

/**
 * Finds the holes between samples, and those at the ends of `known`, the span of which these are all samples. The usual
 * distance of two of them is `intervalSeconds`; 0: the collection is off.
 */
export function toTimeline(samples: readonly Point[], known: Span, intervalSeconds: number): Timeline {
  const times: number[] = [];
  const points: (Point | null)[] = [];
  const holes: [from: number, to: number][] = [];
  let before = known.from;
  let usualStep = 0;
  // The interval may have been another one then: the usual step before and the next one count as well.
  const longest = (nextStep: number) => MAX_MISSED_INTERVALS * Math.max(intervalSeconds, usualStep, nextStep);
  const addHole = (to: number) => {
    holes.push([before, to]);
    times.push((before + to) / 2);
    points.push(null);
  };
  samples.forEach((sample, i) => {
    const { time } = sample;
    const limit = longest((samples[i + 1]?.time ?? time) - time);
    // 0: the collection is off, and no other two samples say what was usual.
    if (limit > 0 && time - before > limit) addHole(time);
    else if (i > 0) usualStep = time - before;
    times.push(time);
    points.push(sample);
    before = time;
  });
  if (known.to - before > longest(0)) addHole(known.to);
  return { times, points, holes };
}

/** The values of a series along the timeline; null, where it has none, is a gap in its line. */
export function valuesOf({ points }: Timeline, series: SeriesName): (number | null)[] {
  return points.map((point) => point?.[series] ?? null);
}
