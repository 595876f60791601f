/**
 * One sample of both processes; immutable, and the wire format as well. MB are MiB (1024² bytes) of resident
 * memory. CPU is percent of one core since the sample before: 100 = one core busy, 200 = two; not clamped.
 */
export interface MetricsSnapshot {
  /** When the sample was taken (JSON: ISO-8601, UTC). */
  readonly timestamp: Date;
  readonly apiMemoryMb: number;
  readonly apiCpuPercent: number;
  /** Null, as is `gameCpuPercent`, when the game server is not running. */
  readonly gameMemoryMb: number | null;
  /** Null alone for a process that has just started: it cannot be told yet. */
  readonly gameCpuPercent: number | null;
}
