import { type Api } from './api.js';
import { type Sample } from './wire.js';
import { type Span } from './view.js';

/** A span is asked for again when it has moved by a bucket, and not more often than this. */
const MIN_REFRESH_MS = 5000;

interface Answer {
  readonly metrics: readonly Sample[];
  readonly bucketSeconds: number;
  /** Up to when these are all: time has gone on since they were asked for. */
  readonly to: number;
}

/** Means over a span that is longer than what the page holds: asked from the archive, one request at a time. */
export class Buckets {
  private answer: Answer | null = null;
  private asked: Span | null = null;
  private askedAt = -Infinity;
  private isAsking = false;

  constructor(
    private readonly api: Api,
    private readonly onAnswer: () => void,
  ) {}

  /** What is known of this span, or null while it is being asked for the first time. */
  over(span: Span, points: number): Answer | null {
    const width = span.to - span.from;
    const isOther = this.asked === null || Math.abs(this.asked.to - this.asked.from - width) > width / 100;
    const hasMoved =
      this.asked !== null && Math.abs(span.to - this.asked.to) >= (this.answer?.bucketSeconds ?? 0);
    if (isOther) this.answer = null;
    if (isOther || (hasMoved && performance.now() - this.askedAt >= MIN_REFRESH_MS))
      void this.ask(span, points);
    return this.answer;
  }

  private async ask(span: Span, points: number): Promise<void> {
    if (this.isAsking) return;
    this.isAsking = true;
    this.asked = span;
    this.askedAt = performance.now();
    const time = (seconds: number) => encodeURIComponent(new Date(seconds * 1000).toISOString());
    try {
      const found = await this.api.request<Omit<Answer, 'to'>>(
        `metrics/history?from=${time(span.from)}&to=${time(span.to)}&points=${Math.max(2, Math.min(10_000, points))}`,
      );
      this.answer = { ...found, to: span.to };
      this.onAnswer();
    } catch {
      // The stream says that the API is gone; the span is asked for again.
      this.asked = null;
    } finally {
      this.isAsking = false;
    }
  }
}
