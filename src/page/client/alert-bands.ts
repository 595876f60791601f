import { type Level } from './levels.js';
import { type Alerts } from './wire.js';

/** A stretch of time in which an alert holds, in s since the epoch. */
export interface Band {
  readonly from: number;
  readonly to: number;
  readonly level: Level;
}

/** The alerts among `rules` that fire, from their beginning up to now. */
export function bandsOf(alerts: Alerts | null, rules: readonly string[], nowSeconds: number): Band[] {
  const firing = alerts?.rules.filter(({ rule, state }) => state === 'firing' && rules.includes(rule)) ?? [];
  return firing.flatMap(({ level, since }) =>
    since === null ? [] : [{ from: Date.parse(since) / 1000, to: nowSeconds, level }],
  );
}
