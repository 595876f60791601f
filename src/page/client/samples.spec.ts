import { describe, expect, it } from '@jest/globals';
import { HELD_SAMPLES, type Point, Samples, toPoint } from './samples.js';
import { UNKNOWN_VALUES } from '../../testing/unknown-values.js';

const at = (second: number): Point =>
  toPoint({
    timestamp: new Date(second * 1000).toISOString(),
    apiMemoryMb: 1,
    apiCpuPercent: 1,
    ...UNKNOWN_VALUES,
  });

const times = (samples: Samples) => samples.all.map(({ time }) => time);

function kept(seconds: number[]): number[] {
  const samples = new Samples();
  for (const second of seconds) samples.add(at(second));
  return times(samples);
}

describe('the samples of the page', () => {
  it('are kept in order, each once', () => {
    expect(kept([1, 2, 2, 3, 4])).toEqual([1, 2, 3, 4]);
  });

  it('go on when the API’s clock was set back', () => {
    expect(kept([1, 2, 3, 2, 3])).toEqual([1, 2, 3]);
    expect(kept([10, 20, 30, 15])).toEqual([10, 15]);
  });

  it('are no more than the page holds, however they come', () => {
    const many = Array.from({ length: HELD_SAMPLES + 5 }, (_, second) => at(second));
    const samples = new Samples();
    samples.replace(many, true);
    expect(samples.areAll).toBe(false);
    samples.add(at(HELD_SAMPLES + 5));
    expect([samples.all.length, samples.all[0]?.time]).toEqual([HELD_SAMPLES, 6]);
  });

  it('are what the memory held and what came meanwhile, whichever was the later', () => {
    const samples = new Samples();
    samples.replace([1, 2].map(at), true);
    samples.connected();
    for (const second of [5, 6]) samples.add(at(second));
    samples.replace([1, 2, 3, 4, 5].map(at), true);
    expect(times(samples)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(samples.areAll).toBe(true);
  });
});
