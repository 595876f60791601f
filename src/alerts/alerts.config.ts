import { type ConfigType, registerAs } from '@nestjs/config';
import * as z from 'zod';
import { readDataDir } from '../config/data-dir.js';
import { envNumber, readEnv } from '../config/env.js';
import { envText, isReference } from '../config/env-text.js';
import { readPublicFace } from '../config/public-face.js';

const ALLOWED_ADDRESS = 'an address that begins with https:// or http://, written out';

/** A secret: whoever knows the address can write there. */
const webhook = envText('')
  .refine((text) => text === '' || (URL.canParse(text) && !isReference(text)), ALLOWED_ADDRESS)
  .transform((text) => (URL.canParse(text) ? new URL(text) : null))
  .refine((url) => url === null || /^https?:$/.test(url.protocol), ALLOWED_ADDRESS);

const upTo = (fallback: number, most: number, unit: string) =>
  envNumber(fallback, `0 (off) to ${most} (${unit})`, (value) => value <= most);

const variables = z.object({
  VS_ALERT_WEBHOOK: webhook,
  VS_ALERT_MEMORY_PERCENT: upTo(90, 100, 'percent of the lowest memory limit'),
  VS_ALERT_TICK_MS: upTo(100, 60_000, 'milliseconds'),
  VS_ALERT_CPU_PERCENT: upTo(0, 100_000, 'percent of one core'),
  VS_ALERT_DISK_FREE_MB: upTo(2048, 1_000_000_000, 'MB'),
  VS_ALERT_FOR: envNumber(120, '0 to 86400 (seconds)', (seconds) => seconds <= 86_400),
});

/** Settings of the alerts, from `VS_ALERT_*`, `VS_SERVER_NAME`, `VS_PUBLIC_URL` and `VS_DATA_DIR`. */
export const alertsConfig = registerAs('alerts', () => {
  const env = readEnv(variables);
  return {
    /** Where messages go; null: nowhere. A secret. */
    webhook: env.VS_ALERT_WEBHOOK,
    /** 0 switches a rule off. */
    thresholds: {
      memoryPercent: env.VS_ALERT_MEMORY_PERCENT,
      tickMs: env.VS_ALERT_TICK_MS,
      cpuPercent: env.VS_ALERT_CPU_PERCENT,
      diskFreeMb: env.VS_ALERT_DISK_FREE_MB,
    },
    /** How long a condition must hold before it is an alert, and be gone before that is over. */
    forMs: env.VS_ALERT_FOR * 1000,
    ...readPublicFace(),
    /** Folder where state is kept; empty: nothing is kept. */
    dataDir: readDataDir(),
  };
});

/** Typed settings of the alerts. */
export type AlertsConfig = ConfigType<typeof alertsConfig>;
