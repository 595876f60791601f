import { type MetricsSnapshot } from '../metrics/index.js';

/**
 * The samples of one span of time in one row; also the wire format. The four numbers of a snapshot are means here,
 * rounded like a snapshot's; those of the game are over the samples that have one, null when none has.
 */
export interface MetricsBucket extends MetricsSnapshot {
  /** Start of the span, a whole multiple of its length. */
  readonly timestamp: Date;
  readonly apiMemoryMbMax: number;
  readonly apiCpuPercentMax: number;
  readonly gameMemoryMbMax: number | null;
  readonly gameCpuPercentMax: number | null;
  readonly sampleCount: number;
}

/** A span of time: from `fromMs` up to but not including `toMs`, ms since 1970. */
export interface TimeSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * The width in ms of the buckets that cover a span with at most `points` (from 2) of them, whole seconds from one
 * second on and whole minutes from one minute on. Widths depend on the length of the span only and starts are
 * multiples of the width, so that a chart that moves along keeps its buckets.
 */
export function bucketWidthMs({ fromMs, toMs }: TimeSpan, points: number): number {
  // A span of n widths touches n + 1 buckets.
  const widthMs = (toMs - fromMs) / (points - 1);
  const unitMs = widthMs > 60_000 ? 60_000 : widthMs > 1000 ? 1000 : 1;
  return Math.max(1, Math.ceil(widthMs / unitMs)) * unitMs;
}

/** Buckets of samples in memory, by time; those without samples are left out. */
export function bucketsOf(snapshots: readonly MetricsSnapshot[], widthMs: number): MetricsBucket[] {
  const groups = new Map<number, MetricsSnapshot[]>();
  for (const snapshot of snapshots) {
    const startMs = Math.floor(snapshot.timestamp.getTime() / widthMs) * widthMs;
    const group = groups.get(startMs);
    if (group === undefined) groups.set(startMs, [snapshot]);
    else group.push(snapshot);
  }
  return [...groups]
    .sort(([a], [b]) => a - b)
    .map(([startMs, group]) => ({
      timestamp: new Date(startMs),
      apiMemoryMb: mean(group.map((sample) => sample.apiMemoryMb)) ?? 0,
      apiCpuPercent: mean(group.map((sample) => sample.apiCpuPercent)) ?? 0,
      gameMemoryMb: mean(group.map((sample) => sample.gameMemoryMb)),
      gameCpuPercent: mean(group.map((sample) => sample.gameCpuPercent)),
      apiMemoryMbMax: maximum(group.map((sample) => sample.apiMemoryMb)) ?? 0,
      apiCpuPercentMax: maximum(group.map((sample) => sample.apiCpuPercent)) ?? 0,
      gameMemoryMbMax: maximum(group.map((sample) => sample.gameMemoryMb)),
      gameCpuPercentMax: maximum(group.map((sample) => sample.gameCpuPercent)),
      sampleCount: group.length,
    }));
}

/** To two decimals, like a snapshot's numbers. */
export function roundMean(value: number): number {
  return Math.round(value * 100) / 100;
}

function mean(values: readonly (number | null)[]): number | null {
  const numbers = values.filter((value) => value !== null);
  if (numbers.length === 0) return null;
  return roundMean(numbers.reduce((sum, value) => sum + value, 0) / numbers.length);
}

function maximum(values: readonly (number | null)[]): number | null {
  const numbers = values.filter((value) => value !== null);
  return numbers.length === 0 ? null : numbers.reduce((a, b) => Math.max(a, b));
}
