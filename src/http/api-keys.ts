import { Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type HttpConfig } from './http.config.js';

/** The roles that a key can have. */
export const ROLES = ['admin', 'monitor'] as const;

/** Who may call: an admin everything, a monitor what shows state and changes nothing. */
export type Role = (typeof ROLES)[number];

/** The keys in force. They are compared as digests of equal length, in constant time. */
@Injectable()
export class ApiKeys {
  /** The random admin key of this run; null when one was set, which is never shown. */
  readonly generatedAdminKey: string | null;
  private readonly digests: readonly (readonly [Role, Buffer])[];

  constructor(config: ConfigService<{ http: HttpConfig }, true>) {
    const { adminKey, monitorKey } = config.get('http', { infer: true });
    const admin = adminKey ?? randomBytes(24).toString('base64url');
    this.generatedAdminKey = adminKey === undefined ? admin : null;
    this.digests = [
      ['admin', digest(admin)],
      ...(monitorKey === undefined ? [] : [['monitor', digest(monitorKey)] as const]),
    ];
  }

  /** The role that a key gives, or null for a key that is none of ours. */
  roleOf(key: string): Role | null {
    const presented = digest(key);
    return this.digests.find(([, known]) => timingSafeEqual(known, presented))?.[0] ?? null;
  }
}

function digest(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}
