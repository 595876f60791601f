import { Injectable } from '@nestjs/common';
import {
  machineUptimeMs,
  type ProcProcess,
  readChildren,
  readProcess,
  TICK_MS,
} from '../linux/proc-files.js';
import { type ProcessCounters, ProcessReader, steadyNowMs } from './process-reader.js';
import { TreeCpu } from './tree-cpu.js';

/** Clock ticks by which the time of a read and a start tick may differ by rounding. */
const ROUNDING_TICKS = 2;

interface TrackedTree {
  readonly pid: number;
  readonly startTick: number;
  readonly startedAtMs: number;
  readonly cpu: TreeCpu;
  readAtMs: number;
}

/**
 * Reads a process and all of its descendants from Linux's /proc, directly and at once: no thread pool, so a
 * reading waits behind nothing. Memory is the sum over the tree, CPU includes children that have ended.
 */
@Injectable()
export class LinuxReader extends ProcessReader {
  private tracked: TrackedTree | null = null;

  // Asynchronous by contract: a rejection is the error of a process that may not be read.
  // eslint-disable-next-line @typescript-eslint/require-await
  override async read(pid: number): Promise<ProcessCounters | null> {
    const root = readProcess(pid);
    if (root === null || root.isZombie) return null;
    const tree = this.track(root);
    const processes = withDescendants(root);
    const lastTick = root.startTick + (tree.readAtMs - tree.startedAtMs) / TICK_MS - ROUNDING_TICKS;
    const cpuMs = tree.cpu.advance(processes, (tick) => tick >= lastTick, isSameStillAlive);
    tree.readAtMs = steadyNowMs();
    return {
      cpuMs,
      rssBytes: processes.reduce((sum, { rssBytes }) => sum + rssBytes, 0),
      startedAtMs: tree.startedAtMs,
    };
  }

  private track({ pid, startTick }: ProcProcess): TrackedTree {
    const { tracked } = this;
    if (tracked !== null && tracked.pid === pid && tracked.startTick === startTick) return tracked;
    const startedAtMs = steadyNowMs() - (machineUptimeMs() - startTick * TICK_MS);
    this.tracked = { pid, startTick, startedAtMs, cpu: new TreeCpu(), readAtMs: startedAtMs };
    return this.tracked;
  }
}

function withDescendants(root: ProcProcess): ProcProcess[] {
  const tree = [root];
  for (const { pid } of tree) {
    for (const childPid of readChildren(pid)) {
      const child = readProcess(childPid);
      if (child !== null) tree.push(child);
    }
  }
  return tree;
}

function isSameStillAlive({ pid, startTick }: ProcProcess): boolean {
  return readProcess(pid)?.startTick === startTick;
}
