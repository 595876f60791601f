import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { httpConfig } from './http.config.js';

const original = process.env;
beforeEach(() => {
  process.env = {};
});
afterAll(() => {
  process.env = original;
});

describe('httpConfig', () => {
  it('listens on this machine alone unless told otherwise', () => {
    expect(httpConfig()).toMatchObject({ host: '127.0.0.1', port: 8080 });
  });

  it('has no keys of its own', () => {
    const { adminKey, monitorKey } = httpConfig();
    expect([adminKey, monitorKey]).toEqual([undefined, undefined]);
  });

  it('reads what is set', () => {
    Object.assign(process.env, {
      VS_API_HOST: '::1',
      VS_API_PORT: '0',
      VS_API_KEY_ADMIN: 'admin-key',
      VS_API_KEY_MONITOR: 'monitor-key',
    });
    expect(httpConfig()).toMatchObject({
      host: '::1',
      port: 0,
      adminKey: 'admin-key',
      monitorKey: 'monitor-key',
    });
  });

  it('takes empty values for unset: an empty key opens nothing', () => {
    Object.assign(process.env, {
      VS_API_HOST: '',
      VS_API_PORT: '',
      VS_API_KEY_ADMIN: '',
      VS_API_KEY_MONITOR: ' ',
    });
    const { host, port, adminKey, monitorKey } = httpConfig();
    expect([host, port, adminKey, monitorKey]).toEqual(['127.0.0.1', 8080, undefined, undefined]);
  });

  it.each(['127.0.0.1:8080', 'http://127.0.0.1', '[::1]', 'a b'])('refuses VS_API_HOST=%s', (value) => {
    process.env.VS_API_HOST = value;
    expect(httpConfig).toThrow(
      `VS_API_HOST="${value}" cannot be used; allowed: an IP address or a host name, without a port`,
    );
  });

  it.each(['http', '-1', '80.5', '65536', '8e3'])('refuses VS_API_PORT=%s', (value) => {
    process.env.VS_API_PORT = value;
    expect(httpConfig).toThrow(
      `VS_API_PORT="${value}" cannot be used; allowed: a whole number from 0 (any free port) to 65535`,
    );
  });

  it.each([
    ['VS_API_KEY_ADMIN', 'pässwort'],
    ['VS_API_KEY_MONITOR', 'x'.repeat(513)],
  ])('refuses a %s that no header can carry', (name, value) => {
    process.env[name] = value;
    expect(httpConfig).toThrow(
      new Error(
        `${name}=(value not shown) cannot be used; allowed: up to 512 printable ASCII characters without spaces`,
      ),
    );
  });

  it.each(['${ADMIN_KEY}', '$ADMIN_KEY', '%ADMIN_KEY%'])(
    'refuses a key of %s, which nothing replaces',
    (value) => {
      process.env.VS_API_KEY_ADMIN = value;
      expect(httpConfig).toThrow(
        'VS_API_KEY_ADMIN=(value not shown) cannot be used; allowed: the key itself: $NAME and %NAME% are not replaced here',
      );
    },
  );

  it('refuses the same key for both, which would make every monitor an admin', () => {
    Object.assign(process.env, { VS_API_KEY_ADMIN: 'same', VS_API_KEY_MONITOR: 'same' });
    expect(httpConfig).toThrow(
      new Error(
        'VS_API_KEY_MONITOR=(value not shown) cannot be used; allowed: a key other than VS_API_KEY_ADMIN',
      ),
    );
  });

  it.each([
    ['', []],
    ['https://dash.example.org', ['https://dash.example.org']],
    [
      'https://dash.example.org, http://localhost:5173',
      ['https://dash.example.org', 'http://localhost:5173'],
    ],
  ])('VS_CORS_ORIGINS=%j lets in %j', (value, origins) => {
    process.env.VS_CORS_ORIGINS = value;
    expect(httpConfig().corsOrigins).toEqual(origins);
  });

  // `*` and `null` would let in anybody; the others are never what a browser sends.
  it.each([
    ['*', '*'],
    ['null', 'null'],
    ['dash.example.org', 'dash.example.org'],
    ['https://dash.example.org/', 'https://dash.example.org/'],
    ['https://Dash.example.org', 'https://Dash.example.org'],
    ['https://dash.example.org:443', 'https://dash.example.org:443'],
    ['https://a,dash.example.org', 'dash.example.org'],
    ['https://a,', ''],
  ])('refuses VS_CORS_ORIGINS=%s', (value, bad) => {
    process.env.VS_CORS_ORIGINS = value;
    expect(httpConfig).toThrow(
      `VS_CORS_ORIGINS="${value}" cannot be used; allowed: origins such as https://dash.example.org or http://localhost:5173, ` +
        `separated by commas (not one: "${bad}")`,
    );
  });
});
