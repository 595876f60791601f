import { type ConfigType, registerAs } from '@nestjs/config';
import { z } from 'zod';
import { envNumber, readEnv } from '../config/env.js';

const key = z
  .string()
  .regex(/^[\x21-\x7e]+$/, 'printable ASCII characters without spaces')
  .optional();

const variables = z
  .object({
    VS_API_HOST: z.string().default('127.0.0.1'),
    VS_API_PORT: envNumber(
      8080,
      'a whole number from 0 (any free port) to 65535',
      (port) => Number.isInteger(port) && port <= 65_535,
    ),
    VS_API_KEY_ADMIN: key,
    VS_API_KEY_MONITOR: key,
  })
  .refine((env) => env.VS_API_KEY_ADMIN === undefined || env.VS_API_KEY_ADMIN !== env.VS_API_KEY_MONITOR, {
    path: ['VS_API_KEY_MONITOR'],
    error: 'a key other than VS_API_KEY_ADMIN',
  });

/** Settings of the HTTP side, from `VS_API_*`. */
export const httpConfig = registerAs('http', () => {
  const env = readEnv(variables);
  return {
    host: env.VS_API_HOST,
    /** 0: any free port. */
    port: env.VS_API_PORT,
    /** Undefined: a random key for this run. */
    adminKey: env.VS_API_KEY_ADMIN,
    /** Undefined: there is no monitor. */
    monitorKey: env.VS_API_KEY_MONITOR,
  };
});

/** Typed settings of the HTTP side. */
export type HttpConfig = ConfigType<typeof httpConfig>;
