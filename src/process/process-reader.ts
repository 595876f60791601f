/** What the operating system has counted for one process. */
export interface ProcessCounters {
  /** CPU time used since the process started, user and system, in ms. */
  readonly cpuMs: number;
  /** Resident memory now. */
  readonly rssBytes: number;
  /** When the process started, in ms of the time scale of {@link steadyNowMs}. */
  readonly startedAtMs: number;
  /** When this was counted, on the same scale. */
  readonly readAtMs: number;
}

/** An engine that reads raw counters; the sampler makes percentages of them and knows no engine. */
export abstract class ProcessReader {
  /** Null when there is no such process or it is a zombie; rejects when it cannot be read. */
  abstract read(pid: number): Promise<ProcessCounters | null>;

  /** Resident memory of this process now; as Node tells it, unless an engine knows better. */
  ownRssBytes(): number {
    return process.memoryUsage.rss();
  }
}

/** Now, in ms since the epoch as the clock stood when this process started: never jumps with the wall clock. */
export function steadyNowMs(): number {
  return performance.timeOrigin + performance.now();
}
