import { expect, it } from '@jest/globals';
import { formatDuration, formatMemory, formatPercent } from './format.js';

it('writes durations in their two largest units', () => {
  expect([0, 0.9, 45, 185, 3600, 7800, 273_600, -3].map(formatDuration)).toEqual([
    '0 s',
    '0 s',
    '45 s',
    '3 min 5 s',
    '1 h',
    '2 h 10 min',
    '3 d 4 h',
    '0 s',
  ]);
});

it('writes a dash for what is not known', () => {
  expect([formatMemory(null), formatMemory(12.345), formatPercent(null), formatPercent(150.06)]).toEqual([
    '–',
    '12.3 MiB',
    '–',
    '150.1 %',
  ]);
});
