import { describe, expect, it } from '@jest/globals';
import { Samples } from './samples.js';
import { type Sample } from './wire.js';

const at = (second: number): Sample => ({
  timestamp: new Date(second * 1000).toISOString(),
  apiMemoryMb: 1,
  apiCpuPercent: 1,
  gameMemoryMb: null,
  gameCpuPercent: null,
});

function kept(capacity: number, seconds: number[]): number[] {
  const samples = new Samples(capacity);
  for (const second of seconds) samples.add(at(second));
  return samples.all.map(({ timestamp }) => Date.parse(timestamp) / 1000);
}

describe('the samples of the page', () => {
  it('are kept in order, each once, up to the capacity', () => {
    expect(kept(3, [1, 2, 2, 3, 4])).toEqual([2, 3, 4]);
  });

  it('go on when the API’s clock was set back', () => {
    expect(kept(10, [1, 2, 3, 2, 3])).toEqual([1, 2, 3]);
    expect(kept(10, [10, 20, 30, 15])).toEqual([10, 15]);
  });

  it('know where a stream has to continue', () => {
    const samples = new Samples(2);
    expect(samples.lastEventId).toBeNull();
    samples.add(at(7));
    expect(samples.lastEventId).toBe('7000');
  });
});
