import { describe, expect, it } from '@jest/globals';
import { CpuMeter } from './cpu-meter.js';

const START_MS = 1_000_000;

/** Calls `percent` with times and CPU times that count from the start of the process. */
function readings(...pairs: readonly (readonly [atMs: number, cpuMs: number])[]): number[] {
  const meter = new CpuMeter(START_MS);
  return pairs.map(([atMs, cpuMs]) => meter.percent(START_MS + atMs, cpuMs));
}

describe('CpuMeter', () => {
  it('begins with the average since the process started', () => {
    expect(readings([4000, 1000])).toEqual([25]);
  });

  it('goes on with the percentage since the reading before', () => {
    expect(readings([4000, 1000], [5000, 1500], [7000, 1500])).toEqual([25, 50, 0]);
  });

  it('counts every core: two busy ones are 200', () => {
    expect(readings([1000, 2000], [2000, 4500])).toEqual([200, 250]);
  });

  it('does not use a baseline younger than 250 ms, but the one before it', () => {
    // The third reading is 200 ms after the second: its window begins at the first, 1200 ms before.
    expect(readings([1000, 1000], [2000, 1500], [2200, 1600], [2200, 1900])).toEqual([100, 50, 50, 75]);
  });

  it('uses a baseline from an age of 250 ms', () => {
    const [, before] = readings([1000, 0], [1249, 249]);
    const [, from] = readings([1000, 0], [1250, 250]);
    expect(before).toBeCloseTo((100 * 249) / 1249);
    expect(from).toBe(100);
  });

  it('uses the newest baseline that is old enough', () => {
    expect(readings([1000, 0], [1100, 0], [1200, 0], [3000, 900]).at(-1)).toBe(50);
  });

  it('does not lose the last old baseline to readings in quick succession', () => {
    const quick = Array.from({ length: 50 }, (_, i) => [1000 + (i + 1) * 100, 500 + (i + 1) * 100] as const);
    // Idle for half of the first second, busy ever after; each window spans at least 250 ms of that.
    const percents = readings([1000, 500], ...quick).slice(3);
    expect(percents).toEqual(percents.map(() => 100));
  });

  it('is never negative', () => {
    expect(readings([1000, 500], [2000, 490])).toEqual([50, 0]);
  });

  it('keeps a bounded number of baselines, however fast the readings come', () => {
    const meter = new CpuMeter(START_MS);
    for (let ms = 1; ms <= 10_000; ms++) meter.percent(START_MS + ms, ms);
    expect((Reflect.get(meter, 'baselines') as unknown[]).length).toBeLessThanOrEqual(7);
  });
});
