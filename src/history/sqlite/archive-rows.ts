import { type MetricsSnapshot } from '../../metrics/index.js';
import { SERIES_NAMES } from '../../metrics/series.js';
import { type MetricsBucket, toBucket } from '../metrics-bucket.js';

type Values = (number | null)[];

/** A row of `sample`: then the value of each series. */
export type SampleRow = [timeMs: number, id: number, ...values: Values];

/** A row of `minute`; `isKept` is 1 when all of its samples are kept. Then the means, then the maxima. */
export type MinuteRow = [timeMs: number, sampleCount: number, isKept: number, ...values: Values];

/** Sums of several rows, by bucket: then the sum of each series, the maxima, and how many samples know each (null: all). */
export type SumsRow = [bucket: number, sampleCount: number, ...values: Values];

const COUNT = SERIES_NAMES.length;

/** Makes the snapshot of a row. */
export function toSnapshot(row: SampleRow): MetricsSnapshot {
  const snapshot: Record<string, unknown> = { timestamp: new Date(row[0]) };
  SERIES_NAMES.forEach((name, i) => {
    snapshot[name] = row[2 + i];
  });
  return snapshot as unknown as MetricsSnapshot;
}

/** Makes a sample a bucket of its own. */
export function toSingle(row: SampleRow): MetricsBucket {
  const values = row.slice(2);
  return toBucket(row[0], values, values, 1);
}

/** Makes the bucket of a minute. */
export function toMinute(row: MinuteRow): MetricsBucket {
  return toBucket(row[0], row.slice(3, 3 + COUNT), row.slice(3 + COUNT), row[1]);
}

/** Adds a row of sums to the last one when both are of the same bucket. */
export function addSums(all: SumsRow[], row: SumsRow): void {
  const last = all.at(-1);
  if (last?.[0] !== row[0]) {
    all.push(row);
    return;
  }
  for (let i = 1; i < row.length; i++) {
    const isMaximum = i >= 2 + COUNT && i < 2 + 2 * COUNT;
    last[i] = (isMaximum ? largest : sum)(last[i] ?? null, row[i] ?? null);
  }
}

/** A mean of means, each weighted with the number of samples behind it. */
export function sumsToBucket(row: SumsRow, widthMs: number): MetricsBucket {
  const means = SERIES_NAMES.map((_, i) => {
    const total = row[2 + i] ?? null;
    const count = row[2 + 2 * COUNT + i] ?? row[1];
    return total === null || count === 0 ? null : total / count;
  });
  return toBucket(row[0] * widthMs, means, row.slice(2 + COUNT, 2 + 2 * COUNT), row[1]);
}

function sum(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : a + b;
}

function largest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}
