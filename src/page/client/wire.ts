/** What the API sends; docs/numbers.md says what each field means. */
export interface Sample {
  readonly timestamp: string;
  readonly apiMemoryMb: number;
  readonly apiCpuPercent: number;
  readonly gameMemoryMb: number | null;
  readonly gameCpuPercent: number | null;
}

export interface Info {
  readonly intervalSeconds: number;
  readonly capacity: number;
  readonly cores: number;
  /** When the API made this answer. */
  readonly now: string;
  readonly startedAt: string;
  /** How far back the history reaches, or null when there is none. */
  readonly historyFrom: string | null;
  /** Why samples are kept in memory alone, or null. */
  readonly degraded: string | null;
}

export interface Settings {
  readonly intervalSeconds: { readonly value: number; readonly source: string };
  readonly persisted: boolean;
}

export interface ServerStatus {
  readonly state: string;
  /** False: something else runs the game server, and the switches do nothing. */
  readonly controllable: boolean;
  readonly pid: number | null;
  readonly uptimeSeconds: number | null;
  readonly lastExitCode: number | null;
  readonly lastExitSignal: string | null;
  readonly lastError: string | null;
}
