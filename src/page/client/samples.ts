import { type Sample } from './wire.js';

/**
 * How many samples the page holds: more than a chart has pixels on most screens, few enough that looking at each of
 * them costs nothing. Longer spans are asked from the API as means.
 */
export const HELD_SAMPLES = 2500;

/** A sample, or the means of a bucket, with its time read: s since the epoch. */
export interface Point extends Sample {
  readonly time: number;
}

/** Reads the time of what the API sent, once. */
export function toPoint(sample: Sample): Point {
  return { ...sample, time: Date.parse(sample.timestamp) / 1000 };
}

/** The newest samples, in the order in which they were taken, each once. */
export class Samples {
  private list: Point[] = [];
  private isWhole = false;
  /** Those that came since the page was connected. */
  private arrived: Point[] = [];

  get all(): readonly Point[] {
    return this.list;
  }

  get latest(): Point | null {
    return this.list.at(-1) ?? null;
  }

  /** Whether no earlier sample is known of, here or in the API's memory. */
  get areAll(): boolean {
    return this.isWhole;
  }

  /** From here on none is missed. */
  connected(): void {
    this.arrived = [];
  }

  /** One that has just been taken. */
  add(point: Point): void {
    this.arrived.push(point);
    trim(this.arrived);
    this.append(point);
  }

  /** What the API's memory held at a moment since the page was connected, for what came before; `areAll`: it was all. */
  replace(points: readonly Point[], areAll: boolean): void {
    this.list = [...points];
    this.isWhole = areAll;
    for (const point of this.arrived) this.append(point);
    if (trim(this.list)) this.isWhole = false;
  }

  /** Where the API's clock was set back, what lies after the new sample gives way to it. */
  private append(point: Point): void {
    while (this.latest !== null && this.latest.time >= point.time) this.list.pop();
    this.list.push(point);
    if (trim(this.list)) this.isWhole = false;
  }
}

/** Drops the oldest of more than the page holds; says whether there were any. */
function trim(points: Point[]): boolean {
  return points.splice(0, Math.max(0, points.length - HELD_SAMPLES)).length > 0;
}
