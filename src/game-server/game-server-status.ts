/** Where the game server is in its life; `not_configured` when there is no command to run. */
export type GameServerState = 'not_configured' | 'stopped' | 'starting' | 'running' | 'stopping';

/** The game server as seen from outside; also the wire format. */
export interface GameServerStatus {
  readonly state: GameServerState;
  /** False: something else runs the game server; start, stop and restart answer 409. */
  readonly controllable: boolean;
  /** Process id of the game server, or null when it is not running. */
  readonly pid: number | null;
  /** Whole seconds since the game server was started, or null when it is not running or this is not known. */
  readonly uptimeSeconds: number | null;
  /** Exit code of the last run, or null when there was none, a signal ended it, or it was not ours to see. */
  readonly lastExitCode: number | null;
  /** Signal that ended the last run, or null. */
  readonly lastExitSignal: string | null;
  /** Why the last start failed, the last run ended unasked or had to be killed, or the pid file leads nowhere; else null. */
  readonly lastError: string | null;
  /** When a game that crashed is started again (ISO-8601, UTC), while that is waited for; else null. */
  readonly restartAt: string | null;
}
