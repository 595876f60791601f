import { type ProcProcess } from '../linux/proc-files.js';

/**
 * CPU time of a tree of processes that never falls and never leaps. A process that ends hands its time to the
 * parent that waits for it, so own and reaped times are added up, and what was already counted is taken off.
 */
export class TreeCpu {
  private seen = new Map<string, ProcProcess>();
  private totalMs = 0;
  private isFirst = true;

  /**
   * Counts the tree as it is now and answers with its CPU time since the root started. `startedSince` tells whether a
   * process started after the count before; `hasLeft` whether one that is missing lives on outside the tree.
   */
  advance(
    processes: readonly ProcProcess[],
    startedSince: (startTick: number) => boolean,
    hasLeft: (process: ProcProcess) => boolean,
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
    // A parent that ignores its children's end reaps nothing, hence the bound.
    this.totalMs += Math.max(0, reapedMs - countedMs);
    this.seen = now;
    this.isFirst = false;
    return this.totalMs;
  }
}

function identity({ pid, startTick }: ProcProcess): string {
  return `${pid} ${startTick}`;
}
