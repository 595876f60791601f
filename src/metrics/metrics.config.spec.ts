import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { isLinux } from '../process/platform.js';
import { metricsConfig } from './metrics.config.js';

const original = process.env;
beforeEach(() => {
  process.env = {};
});
afterAll(() => {
  process.env = original;
});

describe('metricsConfig', () => {
  it('has defaults', () => {
    expect(metricsConfig()).toEqual({
      intervalSeconds: 10,
      isIntervalSet: false,
      capacity: 360,
      engine: isLinux ? 'native' : 'pidusage',
    });
  });

  it.each([
    ['', 10],
    ['0', 0],
    ['0.1', 0.1],
    ['2.5', 2.5],
    ['86400', 86_400],
  ])('VS_METRICS_INTERVAL=%j means %d s', (value, seconds) => {
    process.env.VS_METRICS_INTERVAL = value;
    expect(metricsConfig().intervalSeconds).toBe(seconds);
  });

  it.each(['abc', '-1', '1e9', 'NaN', '0.01', '10s', '86400.5', 'Infinity'])(
    'refuses VS_METRICS_INTERVAL=%s',
    (value) => {
      process.env.VS_METRICS_INTERVAL = value;
      expect(metricsConfig).toThrow(
        `VS_METRICS_INTERVAL="${value}" cannot be used; allowed: 0 (off), or 0.1 to 86400 (seconds)`,
      );
    },
  );

  it.each([
    [' ', false],
    ['10', true],
    ['0', true],
  ])('knows whether VS_METRICS_INTERVAL=%j was set: %s', (value, isIntervalSet) => {
    process.env.VS_METRICS_INTERVAL = value;
    expect(metricsConfig().isIntervalSet).toBe(isIntervalSet);
  });

  it.each([
    ['', 360],
    ['1', 1],
    ['100000', 100_000],
  ])('VS_METRICS_CAPACITY=%j means %d samples', (value, capacity) => {
    process.env.VS_METRICS_CAPACITY = value;
    expect(metricsConfig().capacity).toBe(capacity);
  });

  it.each(['0', '1.5', '-3', '2000000', '100001', 'many'])('refuses VS_METRICS_CAPACITY=%s', (value) => {
    process.env.VS_METRICS_CAPACITY = value;
    expect(metricsConfig).toThrow(
      `VS_METRICS_CAPACITY="${value}" cannot be used; allowed: a whole number from 1 to 100000 (samples)`,
    );
  });

  it('reads with pidusage when asked to', () => {
    process.env.VS_METRICS_ENGINE = 'pidusage';
    expect(metricsConfig().engine).toBe('pidusage');
  });

  it('refuses a reader that it does not know', () => {
    process.env.VS_METRICS_ENGINE = 'guess';
    expect(metricsConfig).toThrow(
      'VS_METRICS_ENGINE="guess" cannot be used; allowed: native (on Linux only) or pidusage',
    );
  });
});
