/** What became of the samples since this process started. */
export interface CollectionStats {
  /** Samples that are, or were, in the buffer. */
  readonly taken: number;
  /** Samples that ended in an error. */
  readonly failed: number;
  /** Ticks without a sample of their own, because the one before was still being taken. */
  readonly skipped: number;
  /** How long the newest sample took, in ms, without what its listeners made of it; null before the first. */
  readonly lastDurationMs: number | null;
}
