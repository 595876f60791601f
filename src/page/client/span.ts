import { type Range } from './ranges.js';

/** A span of time on the charts, in s since the epoch. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The span that a range shows now; everything begins at `firstSeconds`. */
export function spanOf(range: Range, nowSeconds: number, firstSeconds: number): Span {
  return { from: range.seconds === null ? firstSeconds : nowSeconds - range.seconds, to: nowSeconds };
}

/** How much is shown around a moment: at least so much, and enough for some samples on both sides. */
const AROUND_SECONDS = 150;
const AROUND_SAMPLES = 15;

/** The span around a moment; it ends now at the latest. */
export function spanAround(time: number, nowSeconds: number, intervalSeconds: number): Span {
  const seconds = Math.max(AROUND_SECONDS, AROUND_SAMPLES * intervalSeconds);
  const to = Math.max(time, Math.min(time + seconds, nowSeconds));
  return { from: to - 2 * seconds, to };
}

/**
 * When the history begins. The API says so to the minute, so it is with the first sample of the page when that lies in
 * this minute and the page has not dropped an earlier one.
 */
export function historyBegin(
  heldFromSeconds: number,
  historyFromSeconds: number | null,
  isFull: boolean,
): number {
  if (historyFromSeconds === null || (!isFull && heldFromSeconds - historyFromSeconds < 60))
    return heldFromSeconds;
  return Math.min(heldFromSeconds, historyFromSeconds);
}

/** Whether the samples that the page holds are all that the history has of a span. */
export function isHeld(span: Span, heldFromSeconds: number, historyBeginSeconds: number): boolean {
  return heldFromSeconds <= Math.max(span.from, historyBeginSeconds);
}
