import { isGone, ProcFile } from './proc-file.js';
import { CPU_ROUNDING_MS, hasEnded, parseStat, residentBytes } from './proc-stat.js';
import { ProcThreads, residentBytesOfThreads } from './proc-threads.js';
import { UnseenTime } from './unseen-time.js';

/** Up to so many threads are read one by one, to the nanosecond; of more, the ticks of the process are enough. */
export const MAX_THREADS_READ = 32;
/** Few enough to count them again: a number that goes up and down does not open all their files each time. */
const FEW_THREADS = 24;

/** What Linux has counted for one process (proc(5)). */
export interface ProcCounters {
  readonly pid: number;
  readonly parentPid: number;
  /** When it started, in clock ticks since the machine's start: with the pid, its identity. */
  readonly startTick: number;
  /** Whether it has ended, or is past all use: it is being taken apart, and has no memory left. */
  readonly isZombie: boolean;
  readonly threadCount: number;
  /** CPU time of the process itself, user and system; never falls. */
  readonly ownMs: number;
  /** CPU time of its children that have ended and been waited for, and of theirs. */
  readonly reapedMs: number;
  readonly rssBytes: number;
}

/** One process that is read again and again, with its files kept open; `close` it in the end. */
export class ProcProcess {
  private readonly stat: ProcFile;
  private readonly statm: ProcFile;
  private readonly threads: ProcThreads;
  private startTick: number | null = null;
  private ownMs = 0;
  private readonly unseen = new UnseenTime();
  private areThreadsCounted = true;

  constructor(readonly pid: number) {
    this.stat = new ProcFile(`/proc/${pid}/stat`);
    this.statm = new ProcFile(`/proc/${pid}/statm`);
    this.threads = new ProcThreads(pid);
  }

  /** Null when it is gone, also if another has its pid; throws the system's error when it may not be read. */
  read(): ProcCounters | null {
    try {
      const stat = parseStat(this.stat.read());
      const { parentPid, startTick, threadCount } = stat;
      this.startTick ??= startTick;
      if (startTick !== this.startTick) return null;
      const ofFirstThread = residentBytes(this.statm.read());
      // 0: its first thread has ended, and the memory is that of the others.
      const rssBytes =
        ofFirstThread === 0 && threadCount > 1 ? residentBytesOfThreads(this.pid) : ofFirstThread;
      return {
        pid: this.pid,
        parentPid,
        startTick,
        // Memory is let go of first, which of gigabytes takes seconds; whatever has none left does not run any more.
        isZombie: hasEnded(stat) || (rssBytes === 0 && parseStat(this.stat.read()).isExiting),
        threadCount,
        ownMs: this.countOwn(stat.ownMs, threadCount),
        reapedMs: stat.reapedMs,
        rssBytes,
      };
    } catch (error) {
      if (isGone(error)) return null;
      throw error;
    }
  }

  /** Pids of its children, as of the threads that the last reading found; none of those of more threads. */
  childPids(): number[] {
    return this.threads.childPids();
  }

  /** Says whether it is not there any more, also if another has its pid; costs less than a reading. */
  hasEnded(): boolean {
    try {
      this.statm.read();
      return false;
    } catch (error) {
      if (isGone(error)) return true;
      throw error;
    }
  }

  close(): void {
    this.stat.close();
    this.statm.close();
    this.threads.close();
  }

  /** The threads tell to the nanosecond, but not of those that have ended; the ticks of the whole are the bounds. */
  private countOwn(ticksMs: number, threadCount: number): number {
    const wereCounted = this.areThreadsCounted;
    this.areThreadsCounted = threadCount <= (wereCounted ? MAX_THREADS_READ : FEW_THREADS);
    let countedMs = this.ownMs;
    if (this.areThreadsCounted) {
      const sinceMs = this.threads.countMs(threadCount);
      // What they used while they were not counted is in the ticks.
      if (wereCounted) countedMs = this.unseen.add(countedMs + sinceMs, ticksMs);
    } else if (wereCounted) {
      this.threads.close();
    }
    const boundedMs = Math.min(Math.max(countedMs, ticksMs), ticksMs + CPU_ROUNDING_MS);
    // A thread that runs another program takes the place of the first one, and its count.
    this.ownMs = Math.max(boundedMs, this.ownMs);
    return this.ownMs;
  }
}
