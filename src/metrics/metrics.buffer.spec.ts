import { describe, expect, it } from '@jest/globals';
import { type MetricsSnapshot } from './metrics-snapshot.js';
import { MetricsBuffer } from './metrics.buffer.js';
import { UNKNOWN_VALUES } from '../testing/unknown-values.js';

/** A snapshot taken in the given second. */
function snapshot(second: number): MetricsSnapshot {
  return {
    timestamp: new Date(second * 1000),
    apiMemoryMb: 50,
    apiCpuPercent: 1,
    ...UNKNOWN_VALUES,
  };
}

/** A buffer to which the snapshots of second 1 to `last` were appended. */
function filled(capacity: number, last: number): MetricsBuffer {
  const buffer = new MetricsBuffer(capacity);
  for (let second = 1; second <= last; second++) buffer.append(snapshot(second));
  return buffer;
}

function seconds(snapshots: readonly MetricsSnapshot[]): number[] {
  return snapshots.map(({ timestamp }) => timestamp.getTime() / 1000);
}

describe('MetricsBuffer', () => {
  it.each([
    ['empty', 3, 0, []],
    ['filling', 3, 2, [1, 2]],
    ['exactly full', 3, 3, [1, 2, 3]],
    ['one more than full', 3, 4, [2, 3, 4]],
    ['once around', 3, 6, [4, 5, 6]],
    ['more than twice around', 3, 8, [6, 7, 8]],
    ['capacity 1, empty', 1, 0, []],
    ['capacity 1, full', 1, 1, [1]],
    ['capacity 1, wrapped', 1, 5, [5]],
  ])('%s: holds the newest, oldest first', (_, capacity, appended, expected) => {
    const buffer = filled(capacity, appended);
    expect(seconds(buffer.getAll())).toEqual(expected);
    expect(buffer.length).toBe(expected.length);
    expect(buffer.capacity).toBe(capacity);
    const [oldest, latest] = [buffer.getOldest(), buffer.getLatest()];
    expect(oldest && seconds([oldest])).toEqual(expected.length === 0 ? null : expected.slice(0, 1));
    expect(latest && seconds([latest])).toEqual(expected.length === 0 ? null : expected.slice(-1));
  });

  it.each([
    ['filling', 5, 3],
    ['exactly full', 3, 3],
    ['wrapped', 4, 10],
    ['once around', 3, 6],
    ['capacity 1', 1, 5],
  ])('%s: gives pieces that together are all from a number on', (_, capacity, appended) => {
    const buffer = filled(capacity, appended);
    expect([buffer.appended, buffer.oldestNumber]).toEqual([appended, appended - buffer.length + 1]);
    for (const limit of [1, 2, 100]) {
      for (let first = buffer.oldestNumber; first <= appended + 1; first++) {
        const pieces: number[][] = [];
        for (let next = first; next <= appended; next += pieces.at(-1)?.length ?? Infinity) {
          pieces.push(seconds(buffer.getFrom(next, limit)));
        }
        expect(pieces.flat()).toEqual(seconds(buffer.getAll()).filter((second) => second >= first));
        expect(Math.max(0, ...pieces.map(({ length }) => length))).toBeLessThanOrEqual(limit);
      }
    }
    expect(buffer.getFrom(appended + 1, 10)).toEqual([]);
  });

  it.each([0, -1, 1.5, NaN, Infinity])('refuses a capacity of %d', (capacity) => {
    expect(() => new MetricsBuffer(capacity)).toThrow(RangeError);
    expect(() => new MetricsBuffer(capacity)).toThrow(`not ${capacity}`);
  });

  it('returns the very snapshots that were appended', () => {
    const buffer = new MetricsBuffer(2);
    const one = snapshot(1);
    buffer.append(one);
    expect(buffer.getLatest()).toBe(one);
    expect(buffer.getAll()[0]).toBe(one);
  });

  it.each([2, 3, 4])('returns an array that is the caller’s own (%d of 3 appended)', (appended) => {
    const buffer = filled(3, appended);
    const before = seconds(buffer.getAll());
    buffer.getAll().reverse().pop();
    buffer.since(new Date(0)).length = 0;
    expect(seconds(buffer.getAll())).toEqual(before);
  });

  it.each([
    [0, [3, 4, 5]],
    [4, [4, 5]],
    [4.001, [5]],
    [5, [5]],
    [6, []],
  ])('since second %d', (second, expected) => {
    expect(seconds(filled(3, 5).since(new Date(second * 1000)))).toEqual(expected);
  });

  it('knows from when on it holds every sample, by their times and not by their order', () => {
    const buffer = filled(3, 3);
    expect(buffer.holdsSince(0)).toBe(true);
    buffer.append(snapshot(4));
    expect([buffer.holdsSince(1000), buffer.holdsSince(1001)]).toEqual([false, true]);
    // A clock that was ahead gave the third one a later time than the fifth.
    const jumped = new MetricsBuffer(1);
    for (const second of [1, 100, 2]) jumped.append(snapshot(second));
    expect([jumped.holdsSince(100_000), jumped.holdsSince(100_001)]).toEqual([false, true]);
    buffer.miss(50_000);
    expect([buffer.holdsSince(50_000), buffer.holdsSince(50_001)]).toEqual([false, true]);
    buffer.append(snapshot(60));
    buffer.clear();
    expect(buffer.holdsSince(60_000)).toBe(false);
  });

  it('is as new after clear()', () => {
    const buffer = filled(3, 5);
    buffer.clear();
    expect([buffer.length, buffer.getOldest(), buffer.getLatest()]).toEqual([0, null, null]);
    expect(buffer.getAll()).toEqual([]);
    for (const second of [6, 7, 8, 9]) buffer.append(snapshot(second));
    expect(seconds(buffer.getAll())).toEqual([7, 8, 9]);
  });
});
