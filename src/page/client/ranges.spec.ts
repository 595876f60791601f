import { describe, expect, it } from '@jest/globals';
import { offeredRanges, searchWith, wantedRange } from './ranges.js';

describe('ranges', () => {
  it('are offered when the history can fill them, and all always', () => {
    const names = (seconds: number) => offeredRanges(seconds).map(({ name }) => name);
    expect(names(0)).toEqual(['all']);
    expect(names(3599)).toEqual(['5m', '15m', 'all']);
    expect(names(3600)).toEqual(['5m', '15m', '1h', 'all']);
    expect(names(1e9)).toEqual(['5m', '15m', '1h', '6h', '24h', '7d', '30d', 'all']);
  });

  it('are taken from the address when offered', () => {
    const offered = offeredRanges(6 * 3600);
    expect(wantedRange('?range=6h', offered, 10).name).toBe('6h');
    expect(wantedRange('?range=24h', offered, 1e9).name).toBe('1h');
    expect(wantedRange('?range=1h', offeredRanges(0), 0).name).toBe('all');
  });

  it.each([
    [0, '5m'],
    [300, '5m'],
    [301, '15m'],
    [900, '15m'],
    [901, '1h'],
    [1e9, '1h'],
  ])('begin with the smallest that holds the %d s that there are, up to an hour: %s', (there, name) => {
    expect(wantedRange('', offeredRanges(6 * 3600), there).name).toBe(name);
  });

  it('are put into the address beside what else is there', () => {
    const [range] = offeredRanges(1e9);
    if (range === undefined) throw new Error('nothing offered');
    expect(searchWith('?a=1&range=all', range)).toBe('?a=1&range=5m');
  });
});
