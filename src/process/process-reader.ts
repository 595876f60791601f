/** What the operating system has counted for one process. */
export interface ProcessCounters {
  /** CPU time used since the process started, user and system, in ms. */
  readonly cpuMs: number;
  /** Resident memory now. */
  readonly rssBytes: number;
  /** Its threads; null where the engine does not tell. */
  readonly threadCount: number | null;
  /** When the process started, on the steady clock (`clock.ts`), in ms. */
  readonly startedAtMs: number;
  /** When this was counted, on the same clock. */
  readonly readAtMs: number;
}

/** Reads raw counters of a process; the sampler makes percentages of them and does not know which reader it has. */
export abstract class ProcessReader {
  /** Null when there is no such process or it is a zombie; rejects when it cannot be read. */
  abstract read(pid: number): Promise<ProcessCounters | null>;

  /** Resident memory of this process now; as Node tells it, unless a reader knows better. */
  ownRssBytes(): number {
    return process.memoryUsage.rss();
  }
}
