import { type Api } from './api.js';
import { SHOWN_MAXIMA } from './charts.js';
import { type Point, toPoint } from './samples.js';
import { type Span } from './span.js';
import { type Bucket } from './wire.js';
import { MAX_POINTS, MIN_POINTS } from '../../http/contract.js';
import { mapSeries, maximumOf } from '../../metrics/series.js';

/** A span is asked for again when it has moved by a bucket, and not more often than this: samples go on meanwhile. */
const MIN_REFRESH_MS = 30_000;

interface Means {
  readonly points: readonly Point[];
  readonly bucketSeconds: number;
  /** Up to when these are all: time has gone on since they were asked for. */
  readonly to: number;
}

/** Means over a span that is longer than what the page holds: asked from the API, one request at a time. */
export class Buckets {
  private answer: Means | null = null;
  private asked: Span | null = null;
  private askedAt = -Infinity;
  private isAsking = false;

  constructor(
    private readonly api: Api,
    private readonly onAnswer: () => void,
  ) {}

  /** What is known of this span, or null while it is being asked for the first time. */
  over(span: Span, points: number): Means | null {
    const { asked } = this;
    const step = this.answer?.bucketSeconds ?? 0;
    const isOther = asked === null || !isContinuation(asked, span, step);
    if (isOther) this.answer = null;
    const isDue = performance.now() - this.askedAt >= MIN_REFRESH_MS;
    if (isOther || (isDue && Math.abs(span.to - asked.to) >= step)) void this.ask(span, points);
    return this.answer;
  }

  /** Asks anew at the next look. */
  forget(): void {
    this.asked = null;
  }

  private async ask(span: Span, points: number): Promise<void> {
    if (this.isAsking) return;
    this.isAsking = true;
    this.asked = span;
    this.askedAt = performance.now();
    const time = (seconds: number) => encodeURIComponent(new Date(seconds * 1000).toISOString());
    try {
      const { metrics, bucketSeconds } = await this.api.request<{
        metrics: Bucket[];
        bucketSeconds: number;
      }>(
        `metrics/history?from=${time(span.from)}&to=${time(span.to)}&points=${Math.max(MIN_POINTS, Math.min(MAX_POINTS, points))}`,
      );
      this.answer = { points: metrics.map(summary), bucketSeconds, to: span.to };
      this.onAnswer();
    } catch {
      // The stream says that the API is gone; the span is asked for again.
      this.asked = null;
    } finally {
      this.isAsking = false;
    }
  }
}

/** Whether it is the same span some time later: moved along, or grown at its end. */
function isContinuation(before: Span, after: Span, step: number): boolean {
  const width = after.to - after.from;
  const hasGrown = Math.abs(after.from - before.from) <= step && after.to >= before.to;
  return hasGrown || Math.abs(before.to - before.from - width) <= width / 100;
}

/**
 * An answer that goes on to `to` with the means of the samples that came since: each bucket that is held as a whole is
 * made of them.
 */
export function continued(answer: Means, held: readonly Point[], to: number): Means {
  const { bucketSeconds } = answer;
  const [oldest] = held;
  if (oldest === undefined) return answer;
  // In whole ms, as the API does it.
  const bucketOf = ({ time }: Point) =>
    Math.floor(Math.round(time * 1000) / Math.round(bucketSeconds * 1000));
  const firstWhole = bucketOf(oldest) + 1;
  // Something in between is neither answered nor held.
  if (firstWhole * bucketSeconds > answer.to) return answer;
  const groups = new Map<number, Point[]>();
  for (const point of held) {
    const bucket = bucketOf(point);
    if (bucket < firstWhole || point.time > to) continue;
    const group = groups.get(bucket);
    if (group === undefined) groups.set(bucket, [point]);
    else group.push(point);
  }
  const made = [...groups].map(([bucket, group]) => summaryOf(group, bucket * bucketSeconds));
  return {
    points: [...answer.points.filter((point) => bucketOf(point) < firstWhole), ...made],
    bucketSeconds,
    to,
  };
}

/** What the charts show of a bucket. */
function summary(bucket: Bucket): Point {
  const maxima = [...SHOWN_MAXIMA].map((series) => [series, bucket[maximumOf(series)]]);
  return { ...toPoint(bucket), ...(Object.fromEntries(maxima) as Partial<Point>) };
}

function summaryOf(group: readonly Point[], time: number): Point {
  const values = mapSeries((series) => {
    const known = group.map((point) => point[series]).filter((value) => value !== null);
    if (known.length === 0) return null;
    return SHOWN_MAXIMA.has(series)
      ? Math.max(...known)
      : known.reduce((sum, value) => sum + value, 0) / known.length;
  });
  // What every sample has, their means have as well.
  return { timestamp: new Date(time * 1000).toISOString(), time, ...values } as Point;
}
