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

/**
 * Whether the samples that the page holds are all that the history has of a span. They are when they begin before it, or
 * when the history itself begins no earlier than they do (to a second, since both are times of samples).
 */
export function isHeld(span: Span, heldFromSeconds: number, historyFromSeconds: number | null): boolean {
  return (
    heldFromSeconds <= span.from || historyFromSeconds === null || heldFromSeconds - historyFromSeconds < 1
  );
}
