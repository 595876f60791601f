import { type ConfigType, registerAs } from '@nestjs/config';
import { z } from 'zod';
import { envNumber, readEnv } from '../config/env.js';

const variables = z.object({
  // A day at most: Node's timers overflow at 24.8 days and would then fire every millisecond.
  VS_METRICS_INTERVAL: envNumber(
    10,
    '0 (off), or 0.1 to 86400 (seconds)',
    (seconds) => seconds === 0 || (seconds >= 0.1 && seconds <= 86_400),
  ),
  VS_METRICS_CAPACITY: envNumber(
    360,
    'a whole number from 1 to 100000 (samples)',
    (samples) => Number.isInteger(samples) && samples >= 1 && samples <= 100_000,
  ),
  VS_METRICS_ENGINE: z
    .enum(process.platform === 'linux' ? ['native', 'pidusage'] : ['pidusage'], {
      error: 'native (on Linux only) or pidusage',
    })
    .default(process.platform === 'linux' ? 'native' : 'pidusage'),
});

/** Settings of the collection, from `VS_METRICS_*`. */
export const metricsConfig = registerAs('metrics', () => {
  const env = readEnv(variables);
  return {
    /** Seconds between two samples; 0: none are taken. */
    intervalSeconds: env.VS_METRICS_INTERVAL,
    /** How many samples the buffer holds. */
    capacity: env.VS_METRICS_CAPACITY,
    /** What reads the game's process: Linux's /proc directly, or the pidusage library. */
    engine: env.VS_METRICS_ENGINE,
  };
});

/** Typed settings of the collection. */
export type MetricsConfig = ConfigType<typeof metricsConfig>;
