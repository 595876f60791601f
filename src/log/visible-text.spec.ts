import { describe, expect, it } from '@jest/globals';
import { visibleText } from './visible-text.js';

describe('visibleText', () => {
  it.each([
    ['an escape code', 'a\x1b[31mred\x1b[0m', 'a\\x1b[31mred\\x1b[0m'],
    ['an escape code in one C1 character', '\x9b2J', '\\x9b2J'],
    ['a title that a terminal would take', '\x1b]0;own\x07', '\\x1b]0;own\\x07'],
    ['a carriage return over what was written', 'stopped\rrunning', 'stopped\\rrunning'],
    ['backspaces, NUL and DEL', 'a\b\0\x7f', 'a\\x08\\x00\\x7f'],
    ['a bidi override', 'user\u202etxt.exe\u2066', 'user\\u202etxt.exe\\u2066'],
    ['what is invisible', '\u200bzero\ufeff\u{e0041}', '\\u200bzero\\ufeff\\u{e0041}'],
    ['other ends of a line', 'a\u2028b\u2029c\x85d', 'a\\u2028b\\u2029c\\x85d'],
  ])('spells out %s', (_, text, shown) => {
    expect(visibleText(text)).toBe(shown);
  });

  it('marks each further line, so that none passes for a log line', () => {
    expect(visibleText('It said:\n[Nest] 1  - LOG [Game] stopped\n')).toBe(
      'It said:\n  | [Nest] 1  - LOG [Game] stopped\n  | ',
    );
  });

  it('leaves what people write as it is', () => {
    const text = 'Grüße, 你好, می\u200cخواهم, 👩\u200d🚀, tab\there, C:\\games';
    expect(visibleText(text)).toBe(text);
  });
});
