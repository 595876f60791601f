import { steadyNowMs } from '../clock.js';
import { CPU_ROUNDING_MS } from './proc-stat.js';

/** At a reading a second; each takes less of it the less time has passed. */
const CORRECTION = 0.1;
const LEARNING = 0.01;
const FULL_WEIGHT_MS = 1000;

/**
 * CPU time of threads that came and went between two readings: only the ticks of the process tell of it, up to 20 ms
 * late. How much it is a second is learned from them, so that it is added evenly and not in leaps.
 */
export class UnseenTime {
  private perMs = 0;
  private isAny = false;
  private addedAtMs: number | null = null;

  /** A process's time from what is known of it at least and what its ticks tell, both in ms. */
  add(countedMs: number, ticksMs: number): number {
    const nowMs = steadyNowMs();
    const passedMs = nowMs - (this.addedAtMs ?? nowMs);
    const isFirst = this.addedAtMs === null;
    this.addedAtMs = nowMs;
    // Without such threads the count is never behind the ticks; what is missing at first is of the time before.
    if (countedMs < ticksMs && !isFirst) this.isAny = true;
    if (!this.isAny || passedMs === 0) return countedMs;
    const expectedMs = countedMs + this.perMs * passedMs;
    // On average half of the rounding is missing in the ticks.
    const errorMs = ticksMs + CPU_ROUNDING_MS / 2 - expectedMs;
    const weight = Math.min(1, passedMs / FULL_WEIGHT_MS);
    this.perMs = Math.max(0, this.perMs + (LEARNING * weight * errorMs) / passedMs);
    return expectedMs + CORRECTION * weight * errorMs;
  }
}
