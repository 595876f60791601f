import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Gathering } from './gathering.js';

describe('Gathering', () => {
  let told: [number, number | null][];
  const tell = (count: number, extreme: number | null) => told.push([count, extreme]);

  beforeEach(() => {
    told = [];
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('tells the first at once, and the others of each minute together', () => {
    const gathering = new Gathering(tell);
    gathering.take(300);
    expect(told).toEqual([[1, 300]]);
    for (const ms of [400, 900, 500]) gathering.take(ms);
    expect(told).toHaveLength(1);
    jest.advanceTimersByTime(60_000);
    expect(told).toEqual([
      [1, 300],
      [3, 900],
    ]);
    gathering.take(1);
    expect(told).toHaveLength(2);
    jest.advanceTimersByTime(60_000);
    expect(told[2]).toEqual([1, 1]);
    jest.advanceTimersByTime(600_000);
    expect(told).toHaveLength(3);
    expect(jest.getTimerCount()).toBe(0);
    gathering.take(2);
    expect(told[3]).toEqual([1, 2]);
  });

  it('keeps the value that is preferred, and tells the rest when it is closed', () => {
    const gathering = new Gathering(tell, Math.min);
    gathering.take(null);
    for (const room of [30, null, 10, 20]) gathering.take(room);
    gathering.close();
    expect(told).toEqual([
      [1, null],
      [4, 10],
    ]);
    expect(jest.getTimerCount()).toBe(0);
  });
});
