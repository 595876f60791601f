import { expect, it } from '@jest/globals';
import { nowMs, setClock } from './clock.js';

it('shows the time of the answer, which was made in the middle of the request', () => {
  const receivedAt = performance.now();
  setClock(1_000_000, receivedAt - 400, receivedAt);
  const elapsedMs = performance.now() - receivedAt;
  expect(nowMs() - elapsedMs).toBeGreaterThanOrEqual(1_000_200 - 1);
  expect(nowMs() - elapsedMs).toBeLessThan(1_000_300);
});
