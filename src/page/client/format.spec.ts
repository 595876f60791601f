import { expect, it } from '@jest/globals';
import { formatDuration, formatValue, formatWidth } from './format.js';

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

it('writes the length of a bucket that is shorter than a second', () => {
  expect([0.5, 0.007, 1, 120].map(formatWidth)).toEqual(['0.5 s', '0.007 s', '1 s', '2 min']);
});

it('writes a value with its unit, and a dash for what is not known', () => {
  expect([null, 12.345].map((value) => formatValue('apiMemoryMb', value))).toEqual(['–', '12.3 MiB']);
  expect([null, 150.06].map((value) => formatValue('gameCpuPercent', value))).toEqual(['–', '150.1 %']);
  expect([null, 3, 2.44].map((value) => formatValue('players', value))).toEqual(['–', '3', '2.4']);
});
