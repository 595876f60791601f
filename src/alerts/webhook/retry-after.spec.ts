import { describe, expect, it } from '@jest/globals';
import { retryAfterMs } from './retry-after.js';

const now = new Date('2026-11-25T12:00:00Z');

describe('retryAfterMs', () => {
  it.each([
    [{ 'retry-after': '120' }, '', 120_000],
    [{ 'retry-after': '0.5' }, '', 500],
    [{ 'retry-after': 'Wed, 25 Nov 2026 12:01:00 GMT' }, '', 60_000],
    // Our clock is an hour off.
    [{ 'retry-after': 'Wed, 25 Nov 2026 13:01:00 GMT', date: 'Wed, 25 Nov 2026 13:00:30 GMT' }, '', 30_000],
    [{ 'retry-after': 'Wed, 25 Nov 2026 11:00:00 GMT' }, '', 0],
    [{}, '{"message": "You are being rate limited.", "retry_after": 64.57, "global": false}', 64_570],
    // Discord sends both; the header is rounded.
    [{ 'retry-after': '65' }, '{"retry_after": 64.57}', 65_000],
    [{ 'retry-after': '1' }, '{"retry_after": 64.57}', 64_570],
    [{ 'retry-after': 'soon' }, 'not JSON', null],
    [{ 'retry-after': '9'.repeat(400) }, '{"retry_after": 1e999}', null],
    [{}, '{"retry_after": "later"}', null],
    [{}, 'null', null],
    [{}, '', null],
  ])('%j %j: %j ms', (headers, body, ms) => {
    expect(retryAfterMs(headers, body, now)).toBe(ms);
  });
});
