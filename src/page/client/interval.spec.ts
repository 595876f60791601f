import { expect, it } from '@jest/globals';
import { parseInterval } from './interval.js';

it('takes digits with one comma or point', () => {
  expect(['0', '10', '0.5', ' 2,5 ', '007'].map(parseInterval)).toEqual([0, 10, 0.5, 2.5, 7]);
});

it('takes nothing else for a number', () => {
  for (const text of ['', ' ', 'abc', '2 s', 'Infinity', '1.000,5', '0x10', '1e3', '-1', '.5', '5.', '١']) {
    expect([text, parseInterval(text)]).toEqual([text, null]);
  }
});
