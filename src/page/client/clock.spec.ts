import { expect, it } from '@jest/globals';
import { Clock } from './clock.js';

it('shows the time of the answer, which was made in the middle of the request', () => {
  const clock = new Clock();
  const receivedAt = performance.now();
  clock.set(1_000_000, receivedAt - 400, receivedAt);
  const elapsedMs = performance.now() - receivedAt;
  expect(1000 * clock.now - elapsedMs).toBeGreaterThanOrEqual(1_000_200 - 1);
  expect(1000 * clock.now - elapsedMs).toBeLessThan(1_000_300);
});
