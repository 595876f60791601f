import { describe, expect, it } from '@jest/globals';
import { retryPauses } from './retry-pauses.js';

describe('retryPauses', () => {
  it('grow to half a minute, and end after ten minutes', () => {
    const pauses = [...retryPauses()];
    expect(pauses.slice(0, 8)).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    const total = pauses.reduce((sum, pause) => sum + pause, 0);
    expect(total).toBeLessThanOrEqual(600_000);
    expect(total).toBeGreaterThan(560_000);
  });
});
