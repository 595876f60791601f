import { expect, it } from '@jest/globals';
import { CHARTS, headingOf, labelOf } from './charts.js';
import { SERIES } from '../../metrics/series.js';

it('are headed by what they show, and in what unit', () => {
  expect(CHARTS.map(headingOf)).toEqual([
    'Memory, MiB',
    'CPU, % of one core',
    'Tick time and GC pauses, ms',
    'Players',
  ]);
});

it('call their lines by what the title does not say', () => {
  expect(CHARTS.map((chart) => chart.lines.map((line) => labelOf(line, chart)))).toEqual([
    ['Game', '.NET heap', 'API'],
    ['Game', 'API', 'Machine'],
    ['Tick time', 'Longest GC pause'],
    ['Players'],
  ]);
  const line = { series: 'gameMemoryMb', colour: '--game' } as const;
  expect(labelOf(line, { id: 'all', title: 'All', lines: [line] })).toBe('Game memory');
});

it('have lines in one unit each', () => {
  for (const { lines } of CHARTS) {
    expect(new Set(lines.map(({ series }) => SERIES[series].unit)).size).toBe(1);
  }
});
