const FIRST_MS = 500;
const LONGEST_MS = 30_000;
const TOTAL_MS = 600_000;

/** The pauses, in ms, before a start that failed is tried again: half a second, doubling to 30 s, ten minutes in all. */
export function* retryPauses(): Generator<number, void> {
  let total = 0;
  for (let pause = FIRST_MS; total + pause <= TOTAL_MS; pause = Math.min(2 * pause, LONGEST_MS)) {
    total += pause;
    yield pause;
  }
}
