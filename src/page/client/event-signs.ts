import { type TimelineEvent } from './wire.js';

/** What an event looks like on the charts and in the list: a path in a square of 10 by 10. */
export const SIGNS = {
  start: 'M2 1 9 5 2 9Z',
  restart: 'M0 1 5 5V1l5 4-5 4V5L0 9Z',
  stop: 'M1 1H9V9H1Z',
  pause: 'M1 1H4V9H1ZM6 1H9V9H6Z',
  warning: 'M5 0 10 9H0Z',
  error: 'M3 1 5 3 7 1 9 3 7 5 9 7 7 9 5 7 3 9 1 7 3 5 1 3Z',
} as const;

export type Sign = keyof typeof SIGNS;

/** The kinds that are marked though nothing is wrong with them, or that have a sign of their own. */
const BY_KIND: Readonly<Record<string, Sign>> = {
  api_started: 'start',
  api_stopped: 'stop',
  collection_paused: 'pause',
  collection_resumed: 'start',
  game_starting: 'start',
  game_stopped: 'stop',
  game_taken_over: 'restart',
  game_restarted: 'restart',
  ticking_suspended: 'pause',
  ticking_resumed: 'start',
};

/** The sign of an event; null for one that explains nothing on a chart, such as a player who joined. */
export function signOf({ kind, level }: TimelineEvent): Sign | null {
  return BY_KIND[kind] ?? (level === 'info' ? null : level);
}
