import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { telemetryConfig } from './telemetry.config.js';

const original = process.env;
beforeEach(() => {
  process.env = {};
});
afterAll(() => {
  process.env = original;
});

describe('telemetryConfig', () => {
  it('asks /stats compact once a minute by default, also when the variables are empty', () => {
    const defaults = { statsIntervalMs: 60_000, statsCommand: '/stats compact', readsDotnet: true };
    expect(telemetryConfig()).toEqual(defaults);
    process.env = { VS_SERVER_STATS_INTERVAL: '', VS_SERVER_STATS_COMMAND: '', VS_DOTNET_METRICS: '' };
    expect(telemetryConfig()).toEqual(defaults);
  });

  it.each([
    ['0', 0],
    ['2', 2000],
    ['2.5', 2500],
    ['3600', 3_600_000],
  ])('VS_SERVER_STATS_INTERVAL=%s means %d ms', (value, ms) => {
    process.env.VS_SERVER_STATS_INTERVAL = value;
    expect(telemetryConfig().statsIntervalMs).toBe(ms);
  });

  it.each(['1', '1.9', '3600.5', '-2', 'never', '1e3', '60s'])(
    'refuses VS_SERVER_STATS_INTERVAL=%s',
    (value) => {
      process.env.VS_SERVER_STATS_INTERVAL = value;
      expect(telemetryConfig).toThrow(
        `VS_SERVER_STATS_INTERVAL="${value}" cannot be used; allowed: 0 (never), or 2 to 3600 (seconds)`,
      );
    },
  );

  it('does not listen to the .NET runtime with VS_DOTNET_METRICS=false', () => {
    process.env.VS_DOTNET_METRICS = 'false';
    expect(telemetryConfig().readsDotnet).toBe(false);
    process.env.VS_DOTNET_METRICS = 'no';
    expect(telemetryConfig).toThrow('VS_DOTNET_METRICS="no" cannot be used; allowed: true or false');
  });

  it('refuses a command of two lines, or with what cannot be seen', () => {
    process.env.VS_SERVER_STATS_COMMAND = '/stats compact\n/stop';
    expect(telemetryConfig).toThrow('allowed: one line');
    process.env.VS_SERVER_STATS_COMMAND = '/stats\u00a0compact';
    expect(telemetryConfig).toThrow('no invisible characters');
  });
});
