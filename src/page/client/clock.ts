/** From the browser's monotonic clock to the time of day: its own until the API has said another. */
let offsetMs = Date.now() - performance.now();

/**
 * Sets the page's clock to the API's, which sample times are of. `answeredMs` is the time in the answer, the others are
 * readings of performance.now() around the request: the answer was made in their middle, give or take half of it.
 */
export function setClock(answeredMs: number, askedAt: number, receivedAt: number): void {
  offsetMs = answeredMs - (askedAt + receivedAt) / 2;
}

/** The API's time now, in ms since the epoch; setting the browser's clock changes nothing. */
export function nowMs(): number {
  return performance.now() + offsetMs;
}
