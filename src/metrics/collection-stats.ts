/** What became of the samples since this process started: counters for exporters, kept by the collection. */
export class CollectionStats {
  private takenCount = 0;
  private failedCount = 0;
  private skippedCount = 0;
  private durationMs: number | null = null;

  /** Samples that are, or were, in the buffer. */
  get taken(): number {
    return this.takenCount;
  }

  /** Samples that ended in an error. */
  get failed(): number {
    return this.failedCount;
  }

  /** Ticks without a sample of their own, because the one before was still being taken. */
  get skipped(): number {
    return this.skippedCount;
  }

  /** How long the newest sample took, in ms, without what its listeners made of it; null before the first. */
  get lastDurationMs(): number | null {
    return this.durationMs;
  }

  countTaken(durationMs: number): void {
    this.takenCount += 1;
    this.durationMs = durationMs;
  }

  countFailed(): void {
    this.failedCount += 1;
  }

  countSkipped(): void {
    this.skippedCount += 1;
  }
}
