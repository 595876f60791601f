import { expect, it } from '@jest/globals';
import { Clock } from './clock.js';

it('shows the time of the answer, which was made in the middle of the request', () => {
  const clock = new Clock();
  const receivedAt = performance.now();
  clock.set(1_000_000, receivedAt - 400, receivedAt);
  const [beforeMs, shownMs, afterMs] = [performance.now(), 1000 * clock.now, performance.now()];
  expect(shownMs).toBeGreaterThanOrEqual(1_000_200 + (beforeMs - receivedAt) - 1);
  expect(shownMs).toBeLessThanOrEqual(1_000_200 + (afterMs - receivedAt) + 1);
});
