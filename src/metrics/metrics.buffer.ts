import { type MetricsSnapshot } from './metrics-snapshot.js';

/** The newest samples in memory: a ring of fixed capacity in which the oldest makes room for the newest. */
export class MetricsBuffer {
  private readonly ring: MetricsSnapshot[] = [];
  /** Where the oldest sample lies, once the ring is full. */
  private oldest = 0;
  private appendedCount = 0;
  private missingUpToMs = -Infinity;

  /** Throws a RangeError unless `capacity` is a whole number of at least 1. */
  constructor(readonly capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1) {
      throw new RangeError(`The capacity of a metrics buffer is a whole number from 1, not ${capacity}.`);
    }
  }

  /** How many samples it holds. */
  get length(): number {
    return this.ring.length;
  }

  /** How many samples were ever appended: also the number of the newest, the first one being number 1. */
  get appended(): number {
    return this.appendedCount;
  }

  append(snapshot: MetricsSnapshot): void {
    this.appendedCount++;
    if (this.ring.length < this.capacity) {
      this.ring.push(snapshot);
    } else {
      const oldest = this.getOldest();
      if (oldest !== null) this.miss(oldest.timestamp.getTime());
      this.ring[this.oldest] = snapshot;
      this.oldest = (this.oldest + 1) % this.capacity;
    }
  }

  /** All samples, oldest first; the array is the caller's own. */
  getAll(): MetricsSnapshot[] {
    return [...this.ring.slice(this.oldest), ...this.ring.slice(0, this.oldest)];
  }

  /** The number of the oldest sample that it still holds. */
  get oldestNumber(): number {
    return this.appended - this.length + 1;
  }

  /**
   * Some samples, oldest first, beginning with number `first` (which is not below {@link oldestNumber}): at most `limit`,
   * and none only when there is none.
   */
  getFrom(first: number, limit: number): MetricsSnapshot[] {
    if (first > this.appended) return [];
    const start = (this.oldest + first - this.oldestNumber) % this.capacity;
    return this.ring.slice(start, Math.min(start + limit, start < this.oldest ? this.oldest : this.length));
  }

  /** The oldest sample, next to make room; or null before the first. */
  getOldest(): MetricsSnapshot | null {
    return this.ring[this.oldest] ?? null;
  }

  /** The newest sample, or null before the first. */
  getLatest(): MetricsSnapshot | null {
    return this.ring.at(this.oldest - 1) ?? null;
  }

  /** Whether it holds every sample that was taken at `ms` or later, as far as it was told of others. */
  holdsSince(ms: number): boolean {
    return ms > this.missingUpToMs;
  }

  /** Tells it that there are samples up to this time that it does not hold. */
  miss(upToMs: number): void {
    this.missingUpToMs = Math.max(this.missingUpToMs, upToMs);
  }

  /** The samples taken at `date` or later, oldest first. */
  since(date: Date): MetricsSnapshot[] {
    const fromMs = date.getTime();
    return this.getAll().filter((snapshot) => snapshot.timestamp.getTime() >= fromMs);
  }

  clear(): void {
    for (const { timestamp } of this.ring) this.miss(timestamp.getTime());
    this.ring.length = 0;
    this.oldest = 0;
  }
}
