/** Where the game server is in its life; `not_configured` when there is no command to run. */
export type ServerState = 'not_configured' | 'stopped' | 'starting' | 'running' | 'stopping';

/** The game server as seen from outside; also the wire format. */
export interface ServerStatus {
  readonly state: ServerState;
  /** Process id of the command that was started, or null when it is not running. */
  readonly pid: number | null;
  /** Whole seconds since the command was started, or null when it is not running. */
  readonly uptimeSeconds: number | null;
  /** Exit code of the last run, or null when there was none or a signal ended it. */
  readonly lastExitCode: number | null;
  /** Signal that ended the last run, or null. */
  readonly lastExitSignal: string | null;
  /** Why the last start failed or the last run ended unasked, in words; null after a good start. */
  readonly lastError: string | null;
}
