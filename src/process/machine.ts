/** What the operating system has counted for the whole machine. */
export interface MachineCounters {
  /**
   * How long all CPUs together have been busy since the machine's start, ms. On Linux time that went to other guests
   * of the same host (steal) is in it, for nobody here could use it; waiting for a disk (iowait) is not, for others could.
   */
  readonly cpuMs: number;
  /** Memory that programs can still get without any being swapped out. */
  readonly memoryAvailableBytes: number;
  /** When this was counted, on the scale of `steadyNowMs`. */
  readonly readAtMs: number;
}

/** Reads the machine's counters. */
export abstract class Machine {
  /** Null when they cannot be read now; throws nothing. */
  abstract read(): MachineCounters | null;

  /** Lets go of what it keeps open. */
  abstract close(): void;
}
