/** A shorter window says more about the clock ticks (10 ms) in which the kernel counts than about the process. */
const MIN_WINDOW_MS = 250;
/** Readings closer together than this are not kept as baselines, which bounds how many there are. */
const MIN_SPACING_MS = 50;

interface Reading {
  readonly atMs: number;
  readonly cpuMs: number;
}

/**
 * CPU percent of one process from its counters. The first baseline is the process's start, when it had used
 * nothing: so the first percentage is its average since then.
 */
export class CpuMeter {
  private readonly baselines: [Reading, ...Reading[]];

  constructor(startedAtMs: number) {
    this.baselines = [{ atMs: startedAtMs, cpuMs: 0 }];
  }

  /** Percent of one core since the newest baseline that is old enough; then keeps the reading as a baseline. */
  percent(atMs: number, cpuMs: number): number {
    let next = this.baselines[1];
    while (next !== undefined && atMs - next.atMs >= MIN_WINDOW_MS) {
      this.baselines.shift();
      next = this.baselines[1];
    }
    const baseline = this.baselines[0];
    const newest = this.baselines.at(-1) ?? baseline;
    if (atMs - newest.atMs >= MIN_SPACING_MS) this.baselines.push({ atMs, cpuMs });
    return Math.max(0, (100 * (cpuMs - baseline.cpuMs)) / (atMs - baseline.atMs));
  }
}
