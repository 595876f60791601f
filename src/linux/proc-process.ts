import { isGone, ProcFile } from './proc-file.js';
import { CPU_ROUNDING_MS, hasEnded, residentBytes, statFields, TICK_MS } from './proc-stat.js';
import { ProcThreads } from './proc-threads.js';

/** What Linux has counted for one process (proc(5)). */
export interface ProcCounters {
  readonly pid: number;
  readonly parentPid: number;
  /** When it started, in clock ticks since the machine's start: with the pid, its identity. */
  readonly startTick: number;
  readonly isZombie: boolean;
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

  constructor(readonly pid: number) {
    this.stat = new ProcFile(`/proc/${pid}/stat`);
    this.statm = new ProcFile(`/proc/${pid}/statm`);
    this.threads = new ProcThreads(pid);
  }

  /**
   * Null when it is gone, also if another has its pid; throws the system's error when it may not be read. Threads are
   * looked for if some may have come since the last reading.
   */
  read(mayHaveGrown: boolean): ProcCounters | null {
    try {
      if (mayHaveGrown) this.threads.find();
      const fields = statFields(this.stat.read());
      const startTick = Number(fields[19]);
      this.startTick ??= startTick;
      if (startTick !== this.startTick) return null;
      const ticksMs = (Number(fields[11]) + Number(fields[12])) * TICK_MS;
      return {
        pid: this.pid,
        parentPid: Number(fields[1]),
        startTick,
        isZombie: hasEnded(fields),
        ownMs: this.countOwn(ticksMs),
        reapedMs: (Number(fields[13]) + Number(fields[14])) * TICK_MS,
        // 0: its first thread has ended, and the memory is that of the others.
        rssBytes: residentBytes(this.statm.read()) || this.threads.residentBytes(),
      };
    } catch (error) {
      if (isGone(error)) return null;
      throw error;
    }
  }

  /** Pids of its children, as of the threads that the last reading found. */
  childPids(): number[] {
    return this.threads.childPids();
  }

  close(): void {
    this.stat.close();
    this.statm.close();
    this.threads.close();
  }

  /** The threads tell to the nanosecond, but not of those that have ended; the ticks of the whole are the bounds. */
  private countOwn(ticksMs: number): number {
    const countedMs = this.ownMs + this.threads.countMs();
    const boundedMs = Math.min(Math.max(countedMs, ticksMs), ticksMs + CPU_ROUNDING_MS);
    // A thread that runs another program takes the place of the first one, and its count.
    this.ownMs = Math.max(boundedMs, this.ownMs);
    return this.ownMs;
  }
}
