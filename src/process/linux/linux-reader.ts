import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { steadyNowMs } from '../clock.js';
import { ProcFile } from './proc-file.js';
import { type ProcCounters } from './proc-process.js';
import { machineUptimeMs, readStat, residentBytes, TICK_MS } from './proc-stat.js';
import { ProcTree } from './proc-tree.js';
import { type ProcessCounters, ProcessReader } from '../process-reader.js';
import { TreeCpu } from './tree-cpu.js';

/** Clock ticks by which the time of a read and a start tick may differ by rounding. */
const ROUNDING_TICKS = 2;

/** A root process, and what its tree has used since it started. */
interface TrackedRoot {
  readonly startTick: number;
  readonly startedAtMs: number;
  readonly cpu: TreeCpu;
}

/**
 * Reads a process and all of its descendants from Linux's /proc, directly: no thread pool, so a reading waits
 * behind nothing. Memory and threads are sums over the tree, CPU includes children that have ended and were waited
 * for.
 */
@Injectable()
export class LinuxReader extends ProcessReader implements OnApplicationShutdown {
  private readonly ownStatm = new ProcFile('/proc/self/statm');
  private tree = new ProcTree(0);
  private root: TrackedRoot | null = null;

  override async read(pid: number): Promise<ProcessCounters | null> {
    if (this.tree.rootPid !== pid) {
      this.tree.close();
      this.tree = new ProcTree(pid);
      this.root = null;
    }
    const newSinceMs = this.tree.lookedAtMs;
    const processes = await this.tree.read();
    const [first] = processes;
    if (first === undefined || first.isZombie) return null;
    const root = this.track(first);
    const lastTick = first.startTick + (newSinceMs - root.startedAtMs) / TICK_MS - ROUNDING_TICKS;
    const cpuMs = root.cpu.advance(processes, (tick) => tick >= lastTick, isSameStillThere);
    return {
      readAtMs: steadyNowMs(),
      cpuMs,
      rssBytes: processes.reduce((sum, { rssBytes }) => sum + rssBytes, 0),
      threadCount: processes.reduce((sum, { threadCount }) => sum + threadCount, 0),
      startedAtMs: root.startedAtMs,
    };
  }

  /** Exact, where Node's own figure, from `stat`, lags behind. */
  override ownRssBytes(): number {
    return residentBytes(this.ownStatm.read());
  }

  onApplicationShutdown(): void {
    this.tree.close();
    this.ownStatm.close();
  }

  private track({ startTick }: ProcCounters): TrackedRoot {
    if (this.root?.startTick === startTick) return this.root;
    const startedAtMs = steadyNowMs() - (machineUptimeMs() - startTick * TICK_MS);
    this.root = { startTick, startedAtMs, cpu: new TreeCpu() };
    return this.root;
  }
}

function isSameStillThere({ pid, startTick }: ProcCounters): boolean {
  try {
    return readStat(pid).startTick === startTick;
  } catch {
    return false;
  }
}
