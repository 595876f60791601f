import { Injectable, Logger } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { type HttpConfig } from '../http.config.js';

/** The roles that a key can have. */
export const ROLES = ['admin', 'monitor'] as const;

/** Who may call: an admin everything, a monitor what shows state and changes nothing. */
export type Role = (typeof ROLES)[number];

/** Shorter keys can be guessed by whoever can send many requests. */
const MIN_KEY_LENGTH = 16;

/** The keys in force. They are compared as digests of equal length, in constant time. */
@Injectable()
export class ApiKeys {
  /** The random admin key of this run; null when one was set, which is never shown. */
  readonly generatedAdminKey: string | null;
  private readonly digests: readonly (readonly [Role, Buffer])[];

  constructor(config: ConfigService<{ http: HttpConfig }, true>) {
    const { host, adminKey, monitorKey } = config.get('http', { infer: true });
    if (!isLoopback(host)) warnOfShortKeys({ VS_API_KEY_ADMIN: adminKey, VS_API_KEY_MONITOR: monitorKey });
    const admin = adminKey ?? randomBytes(24).toString('base64url');
    this.generatedAdminKey = adminKey === undefined ? admin : null;
    const keys: Record<Role, string | undefined> = { admin, monitor: monitorKey };
    this.digests = ROLES.flatMap((role) => {
      const key = keys[role];
      return key === undefined ? [] : [[role, digest(key)] as const];
    });
  }

  /** The role that a key gives, or null for a key that is none of ours. */
  roleOf(key: string): Role | null {
    const presented = digest(key);
    return this.digests.find(([, known]) => timingSafeEqual(known, presented))?.[0] ?? null;
  }
}

function warnOfShortKeys(keys: Readonly<Record<string, string | undefined>>): void {
  const short = Object.keys(keys).filter((name) => (keys[name]?.length ?? Infinity) < MIN_KEY_LENGTH);
  if (short.length === 0) return;
  new Logger(ApiKeys.name).warn(
    `${short.join(' and ')}: shorter than ${MIN_KEY_LENGTH} characters, and other machines can reach this API and guess. ` +
      'Set a long random text, such as `openssl rand -base64 24` prints.',
  );
}

/** Whether this machine alone can reach an address that we listen on. */
function isLoopback(host: string): boolean {
  const address = host.replace(/^::ffff:/i, '');
  return address === 'localhost' || address === '::1' || (isIPv4(address) && address.startsWith('127.'));
}

function digest(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}
