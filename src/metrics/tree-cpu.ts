import { type ProcCounters } from '../linux/proc-process.js';
import { CPU_ROUNDING_MS } from '../linux/proc-stat.js';

/**
 * CPU time of a tree of processes that never falls and never leaps. A process that ends hands its time to the
 * parent that waits for it, so own and reaped times are added up, and what was already counted is taken off.
 */
export class TreeCpu {
  private seen = new Map<string, ProcCounters>();
  private totalMs = 0;
  /** Counted already, and not yet told of by the parent: zero or less. */
  private roundedMs = 0;
  private isFirst = true;

  /**
   * Counts the tree as it is now and answers with its CPU time since the root started. `startedSince` tells whether a
   * process started after the count before; `hasLeft` whether one that is missing lives on outside the tree.
   */
  advance(
    processes: readonly ProcCounters[],
    startedSince: (startTick: number) => boolean,
    hasLeft: (process: ProcCounters) => boolean,
  ): number {
    const now = new Map(processes.map((process) => [identity(process), process]));
    let reapedMs = 0;
    for (const [key, process] of now) {
      const before = this.seen.get(key);
      if (before !== undefined) {
        this.totalMs += process.ownMs - before.ownMs;
        reapedMs += process.reapedMs - before.reapedMs;
      } else if (this.isFirst || startedSince(process.startTick)) {
        this.totalMs += process.ownMs + process.reapedMs;
      }
      // Else it joined the tree from outside: what it used before is not the tree's.
    }
    let countedMs = 0;
    for (const [key, process] of this.seen) {
      if (!now.has(key) && !hasLeft(process)) countedMs += process.ownMs + process.reapedMs;
    }
    const inheritedMs = reapedMs - countedMs + this.roundedMs;
    this.totalMs += Math.max(0, inheritedMs);
    // What rounding holds back comes with a later tick. More than that never comes: the parent does not reap.
    this.roundedMs = Math.max(-CPU_ROUNDING_MS, Math.min(0, inheritedMs));
    this.seen = now;
    this.isFirst = false;
    return this.totalMs;
  }
}

function identity({ pid, startTick }: ProcCounters): string {
  return `${pid} ${startTick}`;
}
