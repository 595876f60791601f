import { describe, expect, it } from '@jest/globals';
import { historyBegin, isHeld, spanAround, spanOf } from './span.js';

describe('the span on the charts', () => {
  it('ends now, and begins where the range or the history does', () => {
    expect(spanOf({ name: '1h', label: '1 h', seconds: 3600 }, 10_000, 5)).toEqual({
      from: 6400,
      to: 10_000,
    });
    expect(spanOf({ name: 'all', label: 'all', seconds: null }, 10_000, 5)).toEqual({ from: 5, to: 10_000 });
  });

  it('is held when the samples begin before it, or with the history itself', () => {
    const span = { from: 100, to: 200 };
    expect(isHeld(span, 90, 0)).toBe(true);
    expect(isHeld(span, 150, 0)).toBe(false);
    expect(isHeld(span, 150, 150)).toBe(true);
  });
});

it('knows when the history begins, of which the API says the minute', () => {
  expect(historyBegin(150, 120, false)).toBe(150);
  expect(historyBegin(150, 120, true)).toBe(120);
  expect(historyBegin(150, 60, false)).toBe(60);
  expect(historyBegin(150, null, true)).toBe(150);
});

it('is around a moment, has some samples, and ends now at the latest', () => {
  expect(spanAround(10_000, 20_000, 10)).toEqual({ from: 9850, to: 10_150 });
  expect(spanAround(10_000, 20_000, 60)).toEqual({ from: 9100, to: 10_900 });
  expect(spanAround(10_000, 10_020, 10)).toEqual({ from: 9720, to: 10_020 });
  expect(spanAround(10_000, 9990, 10)).toEqual({ from: 9700, to: 10_000 });
});
