import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Retention } from './retention.js';

const NOW = Date.parse('2026-11-24T00:00:00Z');
const DAY_MS = 86_400_000;

beforeEach(() => {
  jest.useFakeTimers({ now: NOW });
});

afterEach(() => {
  jest.useRealTimers();
});

describe('retention', () => {
  it('keeps minutes as long as asked, and samples for two days', () => {
    expect(new Retention(30).due()).toEqual({
      samplesBeforeMs: NOW - 2 * DAY_MS,
      minutesBeforeMs: NOW - 30 * DAY_MS,
    });
  });

  it('keeps samples no longer than minutes', () => {
    expect(new Retention(1).due()).toEqual({ samplesBeforeMs: NOW - DAY_MS, minutesBeforeMs: NOW - DAY_MS });
  });

  it('deletes nothing for a day after the clock was set', () => {
    const retention = new Retention(30);
    jest.setSystemTime(NOW + 365 * DAY_MS);
    const nothing = { samplesBeforeMs: null, minutesBeforeMs: null };
    expect(retention.due()).toEqual(nothing);
    jest.advanceTimersByTime(DAY_MS - 1000);
    expect(retention.due()).toEqual(nothing);
    jest.advanceTimersByTime(2000);
    expect(retention.due().samplesBeforeMs).toBe(NOW + 364 * DAY_MS + 1000);
  });
});
