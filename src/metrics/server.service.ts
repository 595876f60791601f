import { type Observable } from 'rxjs';

/**
 * What the metrics need to know of a game server: its process. The class is the injection token; a host
 * application provides its own implementation.
 */
export abstract class ServerService {
  /** Process id of the game server, or null while it is not running. Read anew for each sample. */
  abstract readonly gameServerPid: number | null;

  /** Emits when that may have changed, where the application can tell; a new game is then sampled soon. */
  declare readonly gameServerChanged$?: Observable<unknown>;

  /** A folder on the disk that the game writes to, where the application can tell; the room on it is in each sample. */
  declare readonly diskPath?: string | null;
}
