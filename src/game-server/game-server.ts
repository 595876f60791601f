import { ServerService } from '../metrics/server.service.js';
import { type ServerStatus } from './server-status.js';

/**
 * The game server with its switches: the injection token of whoever shows or changes its state. The three methods
 * answer with the status just entered; they throw a ConflictException (409) when the state forbids them.
 */
export abstract class GameServer extends ServerService {
  abstract readonly status: ServerStatus;
  abstract start(): Promise<ServerStatus>;
  abstract stop(): Promise<ServerStatus>;
  abstract restart(): Promise<ServerStatus>;
  /** Ends the game for good if it is ours, at once and the proper way; resolves when it has ended. May be called twice. */
  abstract shutDown(): Promise<void>;
}
