import { type INestApplicationContext, Logger } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { EventLog } from './events/event-log.js';
import { HistoryService } from './history/history.service.js';
import { GameServer } from './game-server/game-server.js';

/** SIGHUP: the terminal, tmux or SSH session was closed. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
/** How long the rest of the application may take to close, counted from the beginning. */
const CLOSE_TIMEOUT_MS = 5_000;
/** And at least so long once the game has ended, for which some of it waits. */
const AFTER_GAME_MS = 1_000;

/**
 * Ends the process at a signal (exit code 0) or at an error that nobody handled (1), in the order that keeps a world: the
 * game is told to stop at once, everything else closes meanwhile, and only two ends are waited for without a limit
 * of our own: that of the game, and that of what a thread does inside SQLite, which nothing can cut short.
 */
export class Shutdown {
  private readonly logger = new Logger(Shutdown.name);
  private hasBegun = false;
  private exitCode = 0;

  /** `flushLog` is awaited before the exit. */
  constructor(
    private readonly app: INestApplicationContext,
    private readonly flushLog: () => Promise<void>,
  ) {}

  /** Listens to the signals and errors of the process from now on. */
  listen(): void {
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        this.begin(signal);
      });
    }
    // A rejection that nobody handles comes as one too.
    process.on('uncaughtException', (error: unknown) => {
      this.fail('Nobody handled this error', error);
      this.begin('an error');
    });
  }

  /** Whether it has begun: nothing else may end the process then. */
  get isUnderWay(): boolean {
    return this.hasBegun;
  }

  private begin(reason: string): void {
    this.logger.log(this.hasBegun ? `${reason}: shutting down already` : `Shutting down: ${reason}`);
    if (this.hasBegun) return;
    this.hasBegun = true;
    void this.end();
  }

  private async end(): Promise<void> {
    const gameEnded = this.app.get(GameServer).shutDown();
    const closed = this.app.close().catch((error: unknown) => {
      this.fail('The application could not be closed properly', error);
    });
    const timeout = delay(CLOSE_TIMEOUT_MS);
    await gameEnded.catch((error: unknown) => {
      this.fail('The game server could not be stopped', error);
    });
    const isLate = Promise.all([timeout, delay(AFTER_GAME_MS)]).then(() => true);
    if ((await Promise.race([closed, isLate])) === true) {
      this.logger.warn(`Not all was closed within ${CLOSE_TIMEOUT_MS / 1000} s; ending without it`);
    }
    this.app.get(EventLog).tell('api_stopped');
    await this.app.get(HistoryService).shutDown();
    await this.flushLog();
    process.exit(this.exitCode);
  }

  private fail(what: string, error: unknown): void {
    this.exitCode = 1;
    this.logger.fatal(`${what}: ${inspect(error)}`);
  }
}
