import { type AlertMessage } from '../alert-message.js';

/** Something that people are told: a message but for whose it is and where it leads. */
export type AlertTransition = Omit<AlertMessage, 'id' | 'server' | 'link'>;

/** A moment: by the steady clock, which durations are of, and by the system's, which people are told. */
export interface Moment {
  /** `performance.now()` of this run. */
  readonly atMs: number;
  readonly date: Date;
}

/** While an alert holds, people are reminded of it after so long. */
export const REMINDER_MS = 24 * 3600_000;

/**
 * How long ago, by the steady clock, something of an earlier run was, as far as the system clock can tell: not in the future, and
 * not longer ago than `longestMs`. At worst one reminder comes too early or too late.
 */
export function agoMs(then: string, now: Moment, longestMs: number): number {
  return Math.min(Math.max(now.date.getTime() - Date.parse(then), 0), longestMs);
}
