import { type MetricsSnapshot } from '../metrics/index.js';
import { type MaximumName, maximumOf, roundTo, SERIES_NAMES, type SeriesName } from '../metrics/series.js';

type Maxima = { readonly [K in SeriesName as MaximumName<K>]: MetricsSnapshot[K] };

/**
 * The samples of one span of time in one row; also the wire format. The numbers of a snapshot are means here, rounded like
 * a snapshot's; those of a series that some samples do not know are over the others, null when none knows it.
 */
export interface MetricsBucket extends MetricsSnapshot, Maxima {
  /** Start of the span, a whole multiple of its length. */
  readonly timestamp: Date;
  readonly sampleCount: number;
}

/** The field of each maximum, in order. */
const MAXIMA = SERIES_NAMES.map(maximumOf);

/** The fields of a bucket, in the order in which they are sent. */
export const BUCKET_FIELDS: readonly (keyof MetricsBucket)[] = [
  'timestamp',
  ...SERIES_NAMES,
  ...MAXIMA,
  'sampleCount',
];

/** Every bucket is made from this, its fields in order: thousands are made for an answer, quickly if all have one shape. */
const EMPTY = Object.fromEntries(BUCKET_FIELDS.map((field) => [field, null])) as Record<
  keyof MetricsBucket,
  unknown
>;

/** A span of time: from `fromMs` up to but not including `toMs`, ms since 1970. */
export interface TimeSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The value of each series, in order. */
export type SeriesValues = readonly (number | null)[];

/**
 * The width in ms of the buckets that cover a span with at most `points` (from 2) of them, whole seconds from one
 * second on and whole minutes from one minute on. Widths depend on the length of the span only and starts are
 * multiples of the width, so that a chart that moves along keeps its buckets.
 */
export function bucketWidthMs({ fromMs, toMs }: TimeSpan, points: number): number {
  // A span of n widths touches n + 1 buckets.
  const widthMs = (toMs - fromMs) / (points - 1);
  const unitMs = widthMs > 60_000 ? 60_000 : widthMs > 1000 ? 1000 : 1;
  return Math.max(1, Math.ceil(widthMs / unitMs)) * unitMs;
}

/** Makes a bucket; the means are rounded. */
export function toBucket(
  startMs: number,
  means: SeriesValues,
  maxima: SeriesValues,
  sampleCount: number,
): MetricsBucket {
  const bucket = { ...EMPTY, timestamp: new Date(startMs), sampleCount };
  SERIES_NAMES.forEach((name, i) => {
    const mean = means[i] ?? null;
    bucket[name] = mean === null ? null : roundTo(name, mean);
  });
  MAXIMA.forEach((name, i) => {
    bucket[name] = maxima[i] ?? null;
  });
  return bucket as MetricsBucket;
}

/** A sample as a bucket of its own. */
export function bucketOfOne(snapshot: MetricsSnapshot): MetricsBucket {
  const values = SERIES_NAMES.map((name) => snapshot[name]);
  return toBucket(snapshot.timestamp.getTime(), values, values, 1);
}

/** Buckets of samples in memory, by time; those without samples are left out. */
export function bucketsOf(snapshots: readonly MetricsSnapshot[], widthMs: number): MetricsBucket[] {
  const groups = new Map<number, MetricsSnapshot[]>();
  for (const snapshot of snapshots) {
    const startMs = Math.floor(snapshot.timestamp.getTime() / widthMs) * widthMs;
    const group = groups.get(startMs);
    if (group === undefined) groups.set(startMs, [snapshot]);
    else group.push(snapshot);
  }
  return [...groups]
    .sort(([a], [b]) => a - b)
    .map(([startMs, group]) => {
      const known = SERIES_NAMES.map((name) =>
        group.map((snapshot) => snapshot[name]).filter((value) => value !== null),
      );
      return toBucket(startMs, known.map(mean), known.map(maximum), group.length);
    });
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function maximum(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((a, b) => Math.max(a, b));
}
