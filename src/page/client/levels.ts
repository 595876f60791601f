import { type TimelineEvent } from './wire.js';

export type Level = TimelineEvent['level'];

/** The colour of each level, a custom property of the page's palette. */
export const LEVEL_COLOURS: Readonly<Record<Level, `--${string}`>> = {
  info: '--quiet',
  warning: '--warning',
  error: '--bad',
};
