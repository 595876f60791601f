import { type ConfigType, registerAs } from '@nestjs/config';
import * as z from 'zod';
import { readDataDir } from '../config/data-dir.js';
import { envNumber, readEnv } from '../config/env.js';

const variables = z.object({
  VS_METRICS_RETENTION_DAYS: envNumber(
    30,
    'a whole number from 1 to 3650 (days)',
    (days) => Number.isInteger(days) && days >= 1 && days <= 3650,
  ),
});

/** Settings of the archive, from `VS_METRICS_RETENTION_DAYS` and `VS_DATA_DIR`. */
export const historyConfig = registerAs('history', () => ({
  /** How long minute rows are kept; raw rows for two days of that at most. */
  retentionDays: readEnv(variables).VS_METRICS_RETENTION_DAYS,
  /** Folder of the archive; empty: there is none. */
  dataDir: readDataDir(),
}));

/** Typed settings of the history. */
export type HistoryConfig = ConfigType<typeof historyConfig>;
