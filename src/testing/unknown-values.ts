import { type MetricsSnapshot } from '../metrics/metrics-snapshot.js';
import { SERIES, SERIES_NAMES } from '../metrics/series.js';

/** Null for each series that a sample may not know: spread it, and put what matters to the test after it. */
export const UNKNOWN_VALUES = Object.fromEntries(
  SERIES_NAMES.filter((name) => SERIES[name].nullable).map((name) => [name, null]),
) as {
  readonly [K in keyof MetricsSnapshot as null extends MetricsSnapshot[K] ? K : never]: null;
};
