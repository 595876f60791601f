import { type ConfigType, registerAs } from '@nestjs/config';
import * as z from 'zod';
import { envBoolean, envNumber, readEnv } from '../config/env.js';
import { envText } from '../config/env-text.js';

const MAX_INTERVAL_S = 3600;

const variables = z.object({
  VS_SERVER_STATS_INTERVAL: envNumber(
    60,
    `0 (never), or 2 to ${MAX_INTERVAL_S} (seconds)`,
    (seconds) => seconds === 0 || (seconds >= 2 && seconds <= MAX_INTERVAL_S),
  ),
  VS_SERVER_STATS_COMMAND: envText('/stats compact', (line) => (/[\r\n]/.test(line) ? 'one line' : null)),
  VS_DOTNET_METRICS: envBoolean(true),
});

/** Settings of what the game is asked, from `VS_SERVER_STATS_*` and `VS_DOTNET_METRICS`. */
export const telemetryConfig = registerAs('telemetry', () => {
  const env = readEnv(variables);
  return {
    /** How often the game is asked for its statistics; 0: never. */
    statsIntervalMs: env.VS_SERVER_STATS_INTERVAL * 1000,
    /** The console line that asks for them. */
    statsCommand: env.VS_SERVER_STATS_COMMAND,
    /** Whether the .NET runtime of the game is listened to. */
    readsDotnet: env.VS_DOTNET_METRICS,
  };
});

/** Typed settings of the telemetry. */
export type TelemetryConfig = ConfigType<typeof telemetryConfig>;
