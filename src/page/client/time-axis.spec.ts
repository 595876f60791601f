import { expect, it } from '@jest/globals';
import { timeLabels } from './time-axis.js';

const at = (text: string) => new Date(text).getTime() / 1000;
const lines = (times: string[], step: number) =>
  // A narrow space before AM and PM.
  timeLabels(times.map(at), step).map((label) => label.replace(/\s(?=[AP]M)/, ' ').split('\n'));

it('labels times with the day below the first and below the first of another day', () => {
  expect(
    lines(['2026-11-24T23:30', '2026-11-24T23:45', '2026-11-25T00:00', '2026-11-25T00:15'], 900),
  ).toEqual([['11:30 PM', 'Nov 24'], ['11:45 PM'], ['12:00 AM', 'Nov 25'], ['12:15 AM']]);
  expect(lines(['2026-11-24T09:30:05'], 5)).toEqual([['9:30:05 AM', 'Nov 24']]);
  expect(lines(['2026-11-24T09:30:05.5'], 0.1)).toEqual([['09:30:05.500 AM', 'Nov 24']]);
});

it('labels days, months and years', () => {
  expect(lines(['2025-12-31T00:00', '2026-01-01T00:00'], 86_400)).toEqual([
    ['Dec 31', '2025'],
    ['Jan 1', '2026'],
  ]);
  expect(lines(['2025-12-01T00:00', '2026-01-01T00:00'], 28 * 86_400)).toEqual([
    ['Dec', '2025'],
    ['Jan', '2026'],
  ]);
  expect(lines(['2025-01-01T00:00', '2026-01-01T00:00'], 365 * 86_400)).toEqual([['2025'], ['2026']]);
});
