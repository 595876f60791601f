import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { ApiKeys } from './api-keys.js';
import { type HttpConfig } from '../http.config.js';

describe('short keys', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  function warnings(host: string, adminKey?: string, monitorKey?: string): string[] {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
    new ApiKeys(new ConfigService<{ http: HttpConfig }, true>({ http: { host, adminKey, monitorKey } }));
    return warn.mock.calls.map(([message]) => String(message));
  }
  const LONG = 'sixteen-letters-';

  it.each([
    ['0.0.0.0', 'a', undefined, 'VS_API_KEY_ADMIN:'],
    ['::', LONG, 'fifteen-letters', 'VS_API_KEY_MONITOR:'],
    ['192.168.1.5', 'a', 'b', 'VS_API_KEY_ADMIN and VS_API_KEY_MONITOR:'],
    ['my-host', undefined, 'b', 'VS_API_KEY_MONITOR:'],
  ])('on %s, %s and %s: one warning, without the key', (host, admin, monitor, names) => {
    const said = warnings(host, admin, monitor);
    expect(said).toHaveLength(1);
    expect(said[0]?.startsWith(names)).toBe(true);
    expect(said[0]).not.toContain('fifteen-letters');
  });

  it.each([
    ['127.0.0.1', 'a', 'b'],
    ['127.1.2.3', 'a', 'b'],
    ['::1', 'a', 'b'],
    ['::ffff:127.0.0.1', 'a', 'b'],
    ['localhost', 'a', 'b'],
    ['0.0.0.0', LONG, `${LONG}2`],
    ['0.0.0.0', undefined, undefined],
  ])('on %s, %s and %s: none', (host, admin, monitor) => {
    expect(warnings(host, admin, monitor)).toEqual([]);
  });
});
