import { describe, expect, it } from '@jest/globals';
import { offeredRanges, searchWith, wantedRange } from './ranges.js';

describe('ranges', () => {
  it('are offered when the history can fill them, and all always', () => {
    const names = (seconds: number) => offeredRanges(seconds).map(({ name }) => name);
    expect(names(0)).toEqual(['all']);
    expect(names(3599)).toEqual(['15m', 'all']);
    expect(names(3600)).toEqual(['15m', '1h', 'all']);
    expect(names(1e9)).toEqual(['15m', '1h', '6h', '24h', '7d', '30d', 'all']);
  });

  it('are taken from the address when offered, else the longest up to an hour', () => {
    const offered = offeredRanges(6 * 3600);
    expect(wantedRange('?range=6h', offered).name).toBe('6h');
    expect(wantedRange('?range=24h', offered).name).toBe('1h');
    expect(wantedRange('', offered).name).toBe('1h');
    expect(wantedRange('?range=1h', offeredRanges(0)).name).toBe('all');
  });

  it('are put into the address beside what else is there', () => {
    const [range] = offeredRanges(1e9);
    if (range === undefined) throw new Error('nothing offered');
    expect(searchWith('?a=1&range=all', range)).toBe('?a=1&range=15m');
  });
});
