import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { EnvError } from '../config/env.js';
import { alertsConfig } from './alerts.config.js';

const original = process.env;
beforeEach(() => {
  process.env = {};
});
afterAll(() => {
  process.env = original;
});

describe('alertsConfig', () => {
  it('tells nobody by default, and has thresholds', () => {
    expect(alertsConfig()).toEqual({
      webhook: null,
      thresholds: { memoryPercent: 90, tickMs: 100, cpuPercent: 0, diskFreeMb: 2048 },
      forMs: 120_000,
      serverName: '',
      publicUrl: '',
      dataDir: './data',
    });
  });

  it('reads what is set', () => {
    Object.assign(process.env, {
      VS_ALERT_WEBHOOK: 'https://discord.com/api/webhooks/1/abc',
      VS_ALERT_MEMORY_PERCENT: '0',
      VS_ALERT_FOR: '0.5',
      VS_SERVER_NAME: 'Größe & Co',
      VS_PUBLIC_URL: 'http://127.0.0.1:8080',
    });
    expect(alertsConfig()).toMatchObject({
      webhook: new URL('https://discord.com/api/webhooks/1/abc'),
      thresholds: { memoryPercent: 0 },
      forMs: 500,
      serverName: 'Größe & Co',
      publicUrl: 'http://127.0.0.1:8080',
    });
  });

  it.each([
    'secret',
    'ftp://example.org/secret',
    'discord.com/api/webhooks/1/secret',
    'https://example.org:99999/secret',
    'https://example.org/sec\u200Bret',
    '$SECRET',
    '"https://example.org/secret"',
  ])('refuses the webhook %j, and never shows it', (address) => {
    process.env.VS_ALERT_WEBHOOK = address;
    let message = '';
    try {
      alertsConfig();
    } catch (error) {
      if (error instanceof EnvError) message = error.message;
    }
    expect(message).toMatch(/^VS_ALERT_WEBHOOK=\(value not shown\) cannot be used; allowed: /);
    expect(message).not.toMatch(/secret|example\.org|discord/i);
  });

  it.each([
    ['VS_ALERT_MEMORY_PERCENT', '101'],
    ['VS_ALERT_FOR', '86401'],
    ['VS_ALERT_DISK_FREE_MB', '-1'],
    ['VS_PUBLIC_URL', 'vs.example.org'],
    ['VS_PUBLIC_URL', 'https://me:word@vs.example.org'],
    ['VS_SERVER_NAME', 'x'.repeat(65)],
    ['VS_SERVER_NAME', 'two\nlines'],
  ])('refuses %s=%j', (name, value) => {
    process.env[name] = value;
    expect(alertsConfig).toThrow(`${name}=`);
  });
});
