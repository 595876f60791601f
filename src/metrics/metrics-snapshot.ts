/**
 * One sample of both processes, of what the game says of itself, and of the machine; immutable, and the wire format as
 * well. MB are MiB (1024² bytes). CPU is percent of one core since the sample before: 100 = one core busy, 200 = two;
 * not clamped. What is not known is null, never 0.
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
  readonly gameThreads: number | null;
  /** This and the two that follow: what the game last answered to `/stats compact`, unless that is too old. */
  readonly players: number | null;
  readonly tickMs: number | null;
  readonly ticksPerSecond: number | null;
  /** This and the two that follow: of the game's .NET runtime. */
  readonly gcHeapMb: number | null;
  readonly gcPausePercent: number | null;
  readonly gcPauseMaxMs: number | null;
  /** All CPUs of the machine together. */
  readonly machineCpuPercent: number | null;
  readonly machineMemoryAvailableMb: number | null;
  /** On the disk of the game's data. */
  readonly diskFreeMb: number | null;
}
