import { expect, it } from '@jest/globals';
import { isKey, keysIn } from './key.js';

it('takes a key as it stands in the address', () => {
  expect(keysIn('#key=a+b&c=d#e')).toEqual(['a+b&c=d#e']);
  expect(keysIn('#key=50%')).toEqual(['50%']);
  expect(['', '#', '#range=1h', '#a&key=b'].flatMap(keysIn)).toEqual([]);
});

it('tries next what was encoded on the way', () => {
  // As location.hash has #key=%41"<
  expect(keysIn('#key=%41%22%3C')).toEqual(['%41%22%3C', '%41"<', 'A"<']);
  expect(keysIn('#key=a%2bb%25')).toEqual(['a%2bb%25', 'a+b%']);
});

it('knows what can be no key', () => {
  expect(['a', '!~', '%+"'].filter(isKey)).toHaveLength(3);
  expect(['', ' ', 'a b', 'ключ', 'ü', 'a\n'].filter(isKey)).toEqual([]);
});
