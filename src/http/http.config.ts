import { type ConfigType, registerAs } from '@nestjs/config';
import { isIP } from 'node:net';
import * as z from 'zod';
import { envBoolean, envNumber, readEnv } from '../config/env.js';
import { isReference } from '../config/env-text.js';
import { readPublicFace } from '../config/public-face.js';
import { KEY_PATTERN } from './contract.js';

const key = z
  .string()
  .regex(KEY_PATTERN, 'up to 512 printable ASCII characters without spaces')
  .refine((text) => !isReference(text), 'the key itself: $NAME and %NAME% are not replaced here')
  .optional();

const origins = z
  .string()
  .transform((list, context) => {
    const all = list.split(',').map((origin) => origin.trim());
    const bad = all.filter((origin) => !isOrigin(origin));
    if (bad.length === 0) return all;
    context.addIssue({
      code: 'custom',
      message:
        'origins such as https://dash.example.org or http://localhost:5173, separated by commas ' +
        `(not one: ${bad.map((origin) => JSON.stringify(origin)).join(', ')})`,
    });
    return z.NEVER;
  })
  .default([]);

/** Browsers send an origin in exactly one form: no path, no slash at the end, no default port, lower case. */
function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}

function isHost(text: string): boolean {
  return isIP(text) !== 0 || /^[\w.-]+$/.test(text);
}

const variables = z
  .object({
    VS_API_HOST: z
      .string()
      .refine(isHost, 'an IP address or a host name, without a port')
      .default('127.0.0.1'),
    VS_API_PORT: envNumber(
      8080,
      'a whole number from 0 (any free port) to 65535',
      (port) => Number.isInteger(port) && port <= 65_535,
    ),
    VS_API_KEY_ADMIN: key,
    VS_API_KEY_MONITOR: key,
    VS_CORS_ORIGINS: origins,
    VS_PROMETHEUS_PUBLIC: envBoolean(false),
  })
  .refine((env) => env.VS_API_KEY_ADMIN === undefined || env.VS_API_KEY_ADMIN !== env.VS_API_KEY_MONITOR, {
    path: ['VS_API_KEY_MONITOR'],
    error: 'a key other than VS_API_KEY_ADMIN',
  });

/** Settings of the HTTP side, from `VS_API_*`, `VS_CORS_ORIGINS`, `VS_PROMETHEUS_PUBLIC` and `VS_SERVER_NAME`. */
export const httpConfig = registerAs('http', () => {
  const env = readEnv(variables);
  return {
    host: env.VS_API_HOST,
    ...readPublicFace(),
    /** 0: any free port. */
    port: env.VS_API_PORT,
    /** Undefined: a random key for this run. */
    adminKey: env.VS_API_KEY_ADMIN,
    /** Undefined: there is no monitor. */
    monitorKey: env.VS_API_KEY_MONITOR,
    /** Web origins other than our own whose pages may call the API. */
    corsOrigins: env.VS_CORS_ORIGINS,
    /** Whether `/metrics` needs no key. */
    prometheusPublic: env.VS_PROMETHEUS_PUBLIC,
  };
});

/** Typed settings of the HTTP side. */
export type HttpConfig = ConfigType<typeof httpConfig>;
