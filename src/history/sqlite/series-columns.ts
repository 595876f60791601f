import { SERIES, SERIES_NAMES } from '../../metrics/series.js';

/** The columns in which the archive keeps a series. */
export interface SeriesColumns {
  /** Its value in `sample`, its mean in `minute`. */
  readonly value: string;
  /** Its maximum in `minute`. */
  readonly maximum: string;
  /** How many samples of a minute know it; its mean is over these. */
  readonly count: string;
  readonly isNullable: boolean;
  /** What it is, in a few words of ASCII. */
  readonly comment: string;
}

/** Of the first version of the file, which counted for this one alone. */
const COUNTS: Readonly<Record<string, string>> = { game_cpu_percent: 'game_sample_count' };

/** The columns of each series, in order. */
export const SERIES_COLUMNS: readonly SeriesColumns[] = SERIES_NAMES.map((name) => {
  const { column, nullable, label, unit } = SERIES[name];
  return {
    value: column,
    maximum: `${column}_max`,
    count: nullable ? (COUNTS[column] ?? `${column}_count`) : 'sample_count',
    isNullable: nullable,
    comment: unit === '' ? label : `${label}, ${unit}`,
  };
});

/** SQL made for each series, joined by commas. */
export function eachSeries(sql: (columns: SeriesColumns, index: number) => string): string {
  return SERIES_COLUMNS.map(sql).join(', ');
}
