/** What the API sends; the fields are described in the project's README. */
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
  readonly startedAt: string;
}

export interface ServerStatus {
  readonly state: string;
  readonly pid: number | null;
  readonly uptimeSeconds: number | null;
  readonly lastExitCode: number | null;
  readonly lastExitSignal: string | null;
  readonly lastError: string | null;
}
