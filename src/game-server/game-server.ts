import { ServerService } from '../metrics/server.service.js';
import { type GameConsole } from './game-console.js';
import { type GameServerStatus } from './game-server-status.js';

/**
 * The game server with its switches: the injection token of whoever shows or changes its state. The three methods
 * answer with the status just entered; they reject with a GameServerStateError when the state forbids them, and `start` and
 * `restart` with a GameServerStartError when the program or its folder cannot be used.
 */
export abstract class GameServer extends ServerService {
  abstract readonly status: GameServerStatus;
  /** The console of the present run; null where none leads to the game: we did not start it, or it does not run. */
  abstract readonly console: GameConsole | null;
  /** The folder of the game's data; null where that is not known. */
  abstract readonly dataPath: string | null;
  abstract override readonly diskPath: string | null;
  abstract start(): Promise<GameServerStatus>;
  abstract stop(): Promise<GameServerStatus>;
  abstract restart(): Promise<GameServerStatus>;
  /** Ends the game for good if it is ours, at once and the proper way; resolves when it has ended. May be called twice. */
  abstract shutDown(): Promise<void>;
}
