import { type ProcCounters } from './proc-process.js';
import { CPU_ROUNDING_MS } from './proc-stat.js';

/**
 * CPU time of a tree of processes that never falls and never leaps. A process that ends hands its time to the
 * parent that waits for it, so own and reaped times are added up, and what was already counted is taken off.
 */
export class TreeCpu {
  private seen = new Map<string, ProcCounters>();
  private totalMs = 0;
  /** What each process has yet to tell of its ended children by rounding, though it is counted already. */
  private owedMs = new Map<string, number>();
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
    const countedMs = this.countedOfEnded(now, hasLeft);
    const owedMs = new Map<string, number>();
    for (const [key, process] of now) {
      const before = this.seen.get(key);
      if (before !== undefined) {
        this.totalMs += process.ownMs - before.ownMs;
        const known = (countedMs.get(key) ?? 0) + (this.owedMs.get(key) ?? 0);
        const newMs = process.reapedMs - before.reapedMs - known;
        this.totalMs += Math.max(0, newMs);
        // By rounding it may come with a later tick. More than that never comes: this parent does not wait.
        if (newMs < 0) owedMs.set(key, Math.min(CPU_ROUNDING_MS, -newMs));
      } else if (this.isFirst || startedSince(process.startTick)) {
        this.totalMs += process.ownMs + process.reapedMs;
      }
      // Else it joined the tree from outside: what it used before is not the tree's.
    }
    this.seen = now;
    this.owedMs = owedMs;
    this.isFirst = false;
    return this.totalMs;
  }

  /** What was counted of the processes that have ended, by the one that inherits: the nearest ancestor that lives. */
  private countedOfEnded(
    now: ReadonlyMap<string, ProcCounters>,
    hasLeft: (process: ProcCounters) => boolean,
  ): Map<string, number> {
    const countedMs = new Map<string, number>();
    const ended = [...this.seen].filter(([key, process]) => !now.has(key) && !hasLeft(process));
    if (ended.length === 0) return countedMs;
    const byPid = new Map([...this.seen.values()].map((process) => [process.pid, process]));
    for (const [, { parentPid, ownMs, reapedMs }] of ended) {
      let heir = byPid.get(parentPid);
      for (let steps = 0; heir !== undefined && !now.has(identity(heir)) && steps < byPid.size; steps++) {
        heir = byPid.get(heir.parentPid);
      }
      if (heir === undefined) continue;
      const key = identity(heir);
      countedMs.set(key, (countedMs.get(key) ?? 0) + ownMs + reapedMs);
    }
    return countedMs;
  }
}

function identity({ pid, startTick }: ProcCounters): string {
  return `${pid} ${startTick}`;
}
