import { ServerService } from '../metrics/server.service.js';
import { type GameServerStatus } from './game-server-status.js';

/**
 * The game server with its switches: the injection token of whoever shows or changes its state. The three methods
 * answer with the status just entered; they reject with a GameServerStateError when the state forbids them, and `start` and
 * `restart` with a GameServerStartError when the program or its folder cannot be used.
 */
export abstract class GameServer extends ServerService {
  abstract readonly status: GameServerStatus;
  abstract start(): Promise<GameServerStatus>;
  abstract stop(): Promise<GameServerStatus>;
  abstract restart(): Promise<GameServerStatus>;
  /** Ends the game for good if it is ours, at once and the proper way; resolves when it has ended. May be called twice. */
  abstract shutDown(): Promise<void>;
}
