import { type ConfigType, registerAs } from '@nestjs/config';
import * as z from 'zod';
import { envNumber, isVariableSet, readEnv } from '../config/env.js';
import { isLinux } from '../process/platform.js';

/** Which intervals are allowed, in words; a day at most, since Node's timers overflow at 24.8 days. */
export const ALLOWED_INTERVAL = '0 (off), or 0.1 to 86400 (seconds)';

/** Says whether an interval, in seconds, is allowed. */
export function isAllowedInterval(seconds: number): boolean {
  return seconds === 0 || (seconds >= 0.1 && seconds <= 86_400);
}

/** Which capacities are allowed, in words. */
export const ALLOWED_CAPACITY = 'a whole number from 1 to 100000 (samples)';

/** Says whether a buffer may hold so many samples. */
export function isAllowedCapacity(samples: number): boolean {
  return Number.isInteger(samples) && samples >= 1 && samples <= 100_000;
}

/** What can read processes on this platform, the best one first. */
export const READERS = isLinux ? (['native', 'pidusage'] as const) : (['pidusage'] as const);

/** Which readers are allowed, in words. */
export const ALLOWED_READER = 'native (on Linux only) or pidusage';

const variables = z.object({
  VS_METRICS_INTERVAL: envNumber(10, ALLOWED_INTERVAL, isAllowedInterval),
  VS_METRICS_CAPACITY: envNumber(360, ALLOWED_CAPACITY, isAllowedCapacity),
  VS_METRICS_ENGINE: z.enum(READERS, ALLOWED_READER).default(READERS[0]),
});

/** Settings of the collection, from `VS_METRICS_*`. */
export const metricsConfig = registerAs('metrics', () => {
  const env = readEnv(variables);
  return {
    /** Seconds between two samples; 0: none are taken. */
    intervalSeconds: env.VS_METRICS_INTERVAL,
    /** Whether that was set, and is not the default. */
    isIntervalSet: isVariableSet('VS_METRICS_INTERVAL'),
    /** How many samples the buffer holds. */
    capacity: env.VS_METRICS_CAPACITY,
    /** The reader of the game's process: Linux's /proc directly, or the pidusage library. */
    engine: env.VS_METRICS_ENGINE,
  };
});

/** Typed settings of the collection. */
export type MetricsConfig = ConfigType<typeof metricsConfig>;
