/** A stretch of time that the charts can show; `seconds` null: everything. */
export interface Range {
  readonly name: string;
  readonly label: string;
  readonly seconds: number | null;
}

const RANGES: readonly Range[] = [
  { name: '15m', label: '15 min', seconds: 15 * 60 },
  { name: '1h', label: '1 h', seconds: 3600 },
  { name: '6h', label: '6 h', seconds: 6 * 3600 },
  { name: '24h', label: '24 h', seconds: 24 * 3600 },
  { name: '7d', label: '7 d', seconds: 7 * 24 * 3600 },
  { name: '30d', label: '30 d', seconds: 30 * 24 * 3600 },
  { name: 'all', label: 'all', seconds: null },
];

/** The ranges that so many seconds of history can fill, and `all`. */
export function offeredRanges(coveredSeconds: number): Range[] {
  return RANGES.filter(({ seconds }) => seconds === null || seconds <= coveredSeconds);
}

/** The range that the address asks for (`?range=1h`); else, and when it is not offered, the longest up to an hour. */
export function wantedRange(search: string, offered: readonly Range[]): Range {
  const name = new URLSearchParams(search).get('range');
  const wanted = offered.find((range) => range.name === name);
  const usual = offered.filter(({ seconds }) => seconds !== null && seconds <= 3600).at(-1);
  return wanted ?? usual ?? { name: 'all', label: 'all', seconds: null };
}

/** The address's query with this range in it, and all else as it was. */
export function searchWith(search: string, range: Range): string {
  const query = new URLSearchParams(search);
  query.set('range', range.name);
  return `?${query.toString()}`;
}
