import { SERIES, type SeriesName } from '../../metrics/series.js';

// Words are English; numbers, dates and times are in the browser's locale (`undefined` to Intl), on the whole page.
const oneDecimal = new Intl.NumberFormat(undefined, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const count = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const plain = new Intl.NumberFormat(undefined, { maximumFractionDigits: 3 });

/** A number with as many decimals as it has, three at most: `1,234.5`. */
export function formatNumber(value: number): string {
  return plain.format(value);
}

/** A value of a series with its unit: `1,234.5 MiB`, a count alone: `3`; a dash for null. */
export function formatValue(series: SeriesName, value: number | null): string {
  if (value === null) return '–';
  const { unit } = SERIES[series];
  return unit === '' ? count.format(value) : `${oneDecimal.format(value)} ${unit}`;
}

/** The two largest units: `45 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'min'],
    [whole % 60, 's'],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return `${formatNumber(0)} s`;
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${formatNumber(count)} ${unit}`)
    .join(' ');
}

/** The length of a bucket: whole seconds, or a part of one to the ms. */
export function formatWidth(seconds: number): string {
  return seconds < 1 ? `${formatNumber(seconds)} s` : formatDuration(seconds);
}

const time = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

/** Date and time to the second, in the viewer's time zone. */
export function formatTime(ms: number): string {
  return time.format(ms);
}
