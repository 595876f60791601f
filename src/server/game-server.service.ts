import {
  ConflictException,
  Injectable,
  Logger,
  type OnApplicationShutdown,
  type OnModuleInit,
  UnprocessableEntityException,
} from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { stat } from 'node:fs/promises';
import { BehaviorSubject, type Observable } from 'rxjs';
import { AdoptedProcess } from './adopted-process.js';
import { GameProcess } from './game-process.js';
import { GameServer } from './game-server.js';
import { type ProcessExit, type RunningGame } from './running-game.js';
import { type ServerConfig } from './server.config.js';
import { ServerRecord } from './server-record.js';
import { type ServerState, type ServerStatus } from './server-status.js';

/**
 * The life of one game server, run as a child process, or taken over from an earlier run that was killed. `start`,
 * `stop` and `restart` answer with the status just entered; they throw a ConflictException (409) when the state
 * forbids them, and `start` an UnprocessableEntityException (422) when the program or its folder cannot be used.
 */
@Injectable()
export class GameServerService extends GameServer implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(GameServerService.name);
  private readonly config: ServerConfig;
  private readonly record: ServerRecord;
  private readonly statuses: BehaviorSubject<ServerStatus>;
  private state: ServerState;
  private game: RunningGame | null = null;
  /** The start under way, or the last one; never rejects. */
  private launch: Promise<void> = Promise.resolve();
  /** The attempt under way, or the last one, to end the group; never rejects. */
  private ending: Promise<void> = Promise.resolve();
  /** Settles when the run under way, or the last one, is over. */
  private run: Promise<void> = Promise.resolve();
  private restartWanted = false;
  private shuttingDown = false;
  private lastExit: ProcessExit = { code: null, signal: null };
  private lastError: string | null = null;

  constructor(config: ConfigService<{ server: ServerConfig }, true>) {
    super();
    this.config = config.get('server', { infer: true });
    this.record = new ServerRecord(this.config.dataDir);
    this.state = this.config.command.length === 0 ? 'not_configured' : 'stopped';
    this.statuses = new BehaviorSubject(this.status);
  }

  override get gameServerPid(): number | null {
    return this.game?.isRunning === true ? this.game.pid : null;
  }

  override get status(): ServerStatus {
    const game = this.game?.isRunning === true ? this.game : null;
    return {
      state: this.state,
      controllable: true,
      pid: game?.pid ?? null,
      uptimeSeconds: game?.uptimeSeconds ?? null,
      lastExitCode: this.lastExit.code,
      lastExitSignal: this.lastExit.signal,
      lastError: this.lastError,
    };
  }

  /** The present status to each new subscriber, then one at each change of state. */
  get status$(): Observable<ServerStatus> {
    return this.statuses.asObservable();
  }

  /** Takes over the game that an earlier run of this program started, was killed, and left running. */
  onModuleInit(): void {
    if (this.state !== 'stopped') return;
    const orphan = this.record.orphan();
    if (orphan === null) return;
    this.logger.warn(
      `The game server that an earlier run of the API started still runs (pid ${orphan.pid}); taking it over.`,
    );
    this.follows(new AdoptedProcess(orphan.pid, orphan.identity));
  }

  /** Starts the game; resolves when its process runs, which is not yet when players can join. */
  override async start(): Promise<ServerStatus> {
    if (this.state === 'not_configured') {
      throw new ConflictException('No game server is configured: set VS_SERVER_COMMAND.');
    }
    if (this.state !== 'stopped') {
      const pid = this.state === 'running' ? ` (pid ${String(this.gameServerPid)})` : '';
      const how = this.state === 'stopping' ? 'still stopping' : `${this.state} already${pid}`;
      throw new ConflictException(`The game server is ${how}.`);
    }
    if (this.shuttingDown) throw new ConflictException('The API is shutting down.');
    const earlierPid = this.record.alivePid();
    if (earlierPid !== null) {
      const message = `A game server that was started earlier still runs (pid ${earlierPid}); stop that one first.`;
      this.lastError = message;
      throw new ConflictException(message);
    }

    this.lastError = null;
    this.enter('starting');
    const spawning = this.spawn();
    this.launch = spawning.catch(() => undefined);
    await spawning;
    return this.status;
  }

  /** Asks the game to save and stop, and goes on to signals when it does not; does not wait for the end. */
  override async stop(): Promise<ServerStatus> {
    await this.launch;
    if (this.state === 'stopping' && this.restartWanted) {
      this.restartWanted = false;
      return this.status;
    }
    return this.beginStop(false);
  }

  /** Stops the game and starts it again once it has ended; a later `stop` takes the second half back. */
  override async restart(): Promise<ServerStatus> {
    await this.launch;
    return this.beginStop(true);
  }

  async onApplicationShutdown(): Promise<void> {
    this.shuttingDown = true;
    this.restartWanted = false;
    await this.launch;
    if (this.state === 'running') this.beginStop(false);
    await this.ending;
    // A game that we cannot end must not keep us; its record stays, so that no other is put on its world.
    if (this.game?.isAlive !== true) await this.run;
    this.statuses.complete();
  }

  private async spawn(): Promise<void> {
    const { command, cwd } = this.config;
    try {
      await requireFolder(cwd);
      this.follows(await GameProcess.spawn(command, cwd));
    } catch (error) {
      this.lastError = startFailure(error as NodeJS.ErrnoException, command[0] ?? '');
      this.enter('stopped');
      this.logger.error(this.lastError);
      throw new UnprocessableEntityException(this.lastError);
    }
  }

  private follows(game: RunningGame): void {
    this.game = game;
    this.record.save(game.pid);
    this.enter('running');
    this.run = this.follow(game);
  }

  private beginStop(thenStart: boolean): ServerStatus {
    const { game } = this;
    if (this.state !== 'running' || game === null) {
      const state = this.state === 'not_configured' ? 'not configured' : this.state;
      throw new ConflictException(`The game server is not running, it is ${state}.`);
    }
    this.restartWanted = thenStart;
    this.enter('stopping');
    this.ending = this.end(game, this.config.stopCommand);
    return this.status;
  }

  private async end(game: RunningGame, stopCommand: string): Promise<void> {
    try {
      const isKilled = await game.end(stopCommand, this.config.stopTimeoutMs);
      if (isKilled) this.lastError ??= 'The game server had to be killed: what it had not saved is lost.';
    } catch (error) {
      this.lastError = `The game server (process group ${game.pid}) cannot be ended: ${(error as Error).message}`;
      this.logger.error(this.lastError);
    }
  }

  private async follow(game: RunningGame): Promise<void> {
    this.lastExit = await game.exited;
    if (this.state === 'running') {
      this.reportUnaskedExit(game);
      if (game.isAlive) {
        this.logger.warn('Ending the processes that the game server left behind.');
        this.enter('stopping');
        this.ending = this.end(game, '');
      }
    }
    await this.ending;
    await game.ended();
    this.game = null;
    this.record.clear();
    this.enter('stopped');
    if (this.restartWanted) {
      this.restartWanted = false;
      // A failure is in lastError and in the log; nobody waits for this promise.
      await this.start().catch(() => undefined);
    }
  }

  private reportUnaskedExit(game: RunningGame): void {
    const { code, signal } = this.lastExit;
    if (code === null && signal === null) {
      this.lastError = 'The game server, taken over from an earlier run, ended unasked; how is not known.';
      this.logger.warn(this.lastError);
      return;
    }
    const how = signal === null ? `with code ${String(code)}` : `by ${signal}`;
    this.lastError = `The game server ended unasked ${how}.`;
    const lines = game.outputTail();
    const intro = lines.length === 0 ? 'It wrote nothing.' : `Its last lines (${lines.length}):`;
    this.logger.warn([`${this.lastError} ${intro}`, ...lines].join('\n'));
  }

  private enter(state: ServerState): void {
    this.state = state;
    this.logger.log(
      state === 'running' ? `Game server running, pid ${String(this.gameServerPid)}` : `Game server ${state}`,
    );
    this.statuses.next(this.status);
  }
}

class FolderError extends Error {}

async function requireFolder(cwd: string): Promise<void> {
  const problem = await folderProblem(cwd);
  if (problem !== null) throw new FolderError(`The game server's folder ${cwd} ${problem} (VS_SERVER_CWD).`);
}

async function folderProblem(cwd: string): Promise<string | null> {
  try {
    if (!(await stat(cwd)).isDirectory()) return 'is not a folder';
    // Only a folder that may be entered has something in it for us.
    await stat(`${cwd}/.`);
    return null;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return 'does not exist';
    return code === 'EACCES' ? 'may not be entered' : `cannot be used: ${message}`;
  }
}

function startFailure(error: NodeJS.ErrnoException, program: string): string {
  if (error instanceof FolderError) return error.message;
  if (error.code === 'ENOENT')
    return `The game server's program ${program} was not found (VS_SERVER_COMMAND).`;
  if (error.code === 'EACCES')
    return `The game server's program ${program} may not be run (VS_SERVER_COMMAND).`;
  return `The game server could not be started: ${error.message}`;
}
