import { join } from 'node:path';
import * as z from 'zod';
import { StateFile } from '../config/state-file.js';
import { ALLOWED_INTERVAL, isAllowedInterval } from '../metrics/metrics.config.js';

/** An interval in seconds, under the same rule as `VS_METRICS_INTERVAL`. */
export const intervalSeconds = z
  .number(`${ALLOWED_INTERVAL}, or null`)
  .refine(isAllowedInterval, `${ALLOWED_INTERVAL}, or null`);

// Keys of a newer version are kept when the file is written again.
const storedSettings = z.looseObject({ intervalSeconds: intervalSeconds.optional() });

/** What was set by hand: a value that is absent was not. */
export type StoredSettings = z.output<typeof storedSettings>;

/** The file `settings.json` in the folder where state is kept. */
export class SettingsFile extends StateFile<typeof storedSettings> {
  constructor(dataDir: string) {
    super(join(dataDir, 'settings.json'), storedSettings);
  }
}
