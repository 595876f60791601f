import { type CgroupFolders, cgroupFolders } from './cgroups.js';
import { memoryLimitMb, OomKills } from './memory-limit.js';
import { readStat } from './proc-stat.js';

/** A program such as `cgexec` moves into another cgroup when it has just started; later that is rare. */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * What the memory cgroups of one process say, from now until it has ended or this is closed. Looked at again after a second, then
 * ever more rarely, down to once a minute. What was seen last stays, as the dead have no cgroup.
 */
export class CgroupWatch {
  private limit: number | null = null;
  private kills: OomKills | null = null;
  private where = '';
  private timer: NodeJS.Timeout | undefined;

  constructor(readonly pid: number) {
    this.look(FIRST_PAUSE_MS);
  }

  /** The lowest limit of its cgroups, in MiB; null when there is none, or it cannot be seen. */
  get limitMb(): number | null {
    return this.limit;
  }

  /** Whether the kernel killed something in its cgroup for lack of memory since the watch began. */
  get oomKillRose(): boolean {
    return this.kills?.rose ?? false;
  }

  /** Looks no more. */
  close(): void {
    clearTimeout(this.timer);
  }

  private look(nextInMs: number): void {
    try {
      const cgroups = cgroupFolders(this.pid, 'memory');
      // One that is ending seems to be in the topmost cgroup (version 1). What was read before it was seen alive, is true.
      if (!readStat(this.pid).isExiting) this.take(cgroups);
    } catch {
      // It has ended, or this is not Linux.
      return;
    }
    this.timer = setTimeout(() => {
      this.look(Math.min(2 * nextInMs, LONGEST_PAUSE_MS));
    }, nextInMs).unref();
  }

  private take(cgroups: readonly CgroupFolders[]): void {
    this.limit = memoryLimitMb(cgroups);
    const where = JSON.stringify(cgroups);
    if (where !== this.where) this.kills = OomKills.in(cgroups);
    this.where = where;
  }
}
