/** A stretch of time that the charts can show; `seconds` null: everything. */
export interface Range {
  readonly name: string;
  readonly label: string;
  readonly seconds: number | null;
}

const RANGES: readonly Range[] = [
  { name: '5m', label: '5 min', seconds: 5 * 60 },
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

/** The longest range that a page opens on. */
const LONGEST_FIRST_SECONDS = 3600;

/**
 * The range that the address asks for (`?range=1h`); else, and when it is not offered, the smallest that holds what there
 * is, which are so many seconds; an hour of it when there is more.
 */
export function wantedRange(search: string, offered: readonly Range[], thereSeconds: number): Range {
  const name = new URLSearchParams(search).get('range');
  const wanted = offered.find((range) => range.name === name);
  if (wanted !== undefined) return wanted;
  const usual = offered.filter(({ seconds }) => seconds !== null && seconds <= LONGEST_FIRST_SECONDS);
  const holding = usual.find(({ seconds }) => seconds !== null && seconds >= thereSeconds);
  return holding ?? usual.at(-1) ?? { name: 'all', label: 'all', seconds: null };
}

/** The address's query with this range in it, and all else as it was. */
export function searchWith(search: string, range: Range): string {
  const query = new URLSearchParams(search);
  query.set('range', range.name);
  return `?${query.toString()}`;
}
