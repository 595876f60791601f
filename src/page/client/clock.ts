/** The API's time of day, which sample times are of. The browser's own clock may be wrong, or set meanwhile. */
export class Clock {
  /** From the browser's monotonic clock; by the browser's own time of day until the API has said another. */
  private offsetMs = Date.now() - performance.now();

  /**
   * Sets it. `answeredMs` is the time in the answer, the others are readings of performance.now() around the request:
   * the answer was made in their middle, give or take half of it.
   */
  set(answeredMs: number, askedAt: number, receivedAt: number): void {
    this.offsetMs = answeredMs - (askedAt + receivedAt) / 2;
  }

  /** The time now, in s since the epoch. */
  get now(): number {
    return (performance.now() + this.offsetMs) / 1000;
  }
}
