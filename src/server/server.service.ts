/**
 * What the metrics need to know of a game server: its process. The class is the injection token; a host
 * application provides its own implementation.
 */
export abstract class ServerService {
  /** Process id of the game server, or null while it is not running. Read anew for each sample. */
  abstract readonly gameServerPid: number | null;
}
