import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { UnseenTime } from './unseen-time.js';

let nowMs = 0;
beforeEach(() => {
  nowMs = 0;
  jest.spyOn(performance, 'now').mockImplementation(() => nowMs);
});
afterEach(() => {
  jest.restoreAllMocks();
});

/** How far a second's CPU time is off on average, in ms, for a process of which `unseenMs` a second cannot be seen. */
function meanError(unseenMs: number): number {
  const unseen = new UnseenTime();
  const errors: number[] = [];
  let [userMs, systemMs, countedMs] = [0, 0, 0];
  for (let second = 0; second < 500; second++) {
    const seenMs = 290 + ((second * 7.3) % 20);
    userMs += seenMs;
    systemMs += unseenMs * (0.7 + ((second * 0.37) % 0.6));
    nowMs += 1000;
    const ticksMs = Math.floor(userMs / 10) * 10 + Math.floor(systemMs / 10) * 10;
    const before = countedMs;
    countedMs = Math.min(Math.max(unseen.add(countedMs + seenMs, ticksMs), ticksMs, countedMs), ticksMs + 20);
    const trueMs = seenMs + unseenMs * (0.7 + ((second * 0.37) % 0.6));
    if (second > 50) errors.push(Math.abs(countedMs - before - trueMs));
  }
  return errors.reduce((sum, error) => sum + error, 0) / errors.length;
}

describe('the CPU time of threads that come and go unseen', () => {
  it('is nothing where there are none: what was counted stays as it is', () => {
    expect(meanError(0)).toBeLessThan(1e-9);
  });

  it.each([1, 2, 4])('is told to 1 ms a second where it is %d ms, though ticks are 10 ms', (unseenMs) => {
    expect(meanError(unseenMs)).toBeLessThan(1);
  });
});
