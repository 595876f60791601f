import { type ConfigService } from '@nestjs/config';
import { type MetricsModuleOptions } from './metrics-options.js';
import { type MetricsConfig } from './metrics.config.js';

/** Injection token of the {@link MetricsSettings}. */
export const METRICS_SETTINGS = Symbol('METRICS_SETTINGS');

/** What is in force at the start. */
export interface MetricsSettings {
  /** Seconds between two samples; 0: none are taken. */
  readonly intervalSeconds: number;
  /** How many samples the buffer holds. */
  readonly capacity: number;
  /** What reads the game's process. */
  readonly reader: 'native' | 'pidusage';
}

/** The options of the host, else what the environment says. */
export function metricsSettings(
  config: ConfigService<{ metrics: MetricsConfig }, true>,
  options: MetricsModuleOptions = {},
): MetricsSettings {
  return {
    intervalSeconds: options.intervalSeconds ?? config.get('metrics.intervalSeconds', { infer: true }),
    capacity: options.capacity ?? config.get('metrics.capacity', { infer: true }),
    reader: options.reader ?? config.get('metrics.engine', { infer: true }),
  };
}
