import {
  Injectable,
  Logger,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { setTimeout as delay } from 'node:timers/promises';
import { BehaviorSubject, lastValueFrom, type Observable } from 'rxjs';
import { steadyNowMs } from '../process/clock.js';
import { type DataDirLock, dataDirLock } from '../config/data-dir-lock.js';
import { EventLog } from '../events/event-log.js';
import { type CgroupWatch } from '../process/linux/cgroup-watch.js';
import { AdoptedProcess } from './adopted-process.js';
import { type GameConsole } from './game-console.js';
import { GameProcess } from './game-process.js';
import { requireFolder, requireStartable, startFailure } from './game-program.js';
import { GameServerStartError, GameServerStateError } from './game-server-errors.js';
import { type ExplainedEnd, type GameEnds } from './game-ends.js';
import { GameServer } from './game-server.js';
import { RestartPolicy, restartText } from './restart-policy.js';
import { retryPauses } from './retry-pauses.js';
import { type ProcessExit, type RunningGame } from './running-game.js';
import { type GameServerConfig } from './game-server.config.js';
import { type RememberedGame, GameServerRecord } from './game-server-record.js';
import { type GameServerState, type GameServerStatus } from './game-server-status.js';

/** How often a copy looks whether the other, which has the data folder, has ended. */
const TAKE_OVER_MS = 2000;

/**
 * The life of one game server, run as a child process, or taken over from an earlier run that was killed. `start`,
 * `stop` and `restart` answer with the status just entered. Of several copies on one data folder only the one that has its lock starts a game or takes one over.
 */
@Injectable()
export class GameServerService
  extends GameServer
  implements OnModuleInit, OnModuleDestroy, OnApplicationShutdown
{
  private readonly logger = new Logger(GameServerService.name);
  private readonly config: GameServerConfig;
  private readonly record: GameServerRecord;
  private readonly lock: DataDirLock | null;
  private takeOverTimer: NodeJS.Timeout | undefined;
  /** The present status to each new subscriber, then one at each change of state. */
  override readonly gameServerChanged$: Observable<GameServerStatus>;
  private readonly statuses: BehaviorSubject<GameServerStatus>;
  override readonly dataPath: string | null;
  override readonly diskPath: string | null;
  private runConsole: GameConsole | null = null;
  private state: GameServerState;
  private game: RunningGame | null = null;
  /** The start under way, or the last one; never rejects. */
  private launch: Promise<void> = Promise.resolve();
  /** The attempt under way, or the last one, to end the group; never rejects. */
  private ending: Promise<void> = Promise.resolve();
  /** Settles when the run under way, or the last one, is over. */
  private run: Promise<void> = Promise.resolve();
  private restartWanted = false;
  /** Ends the attempts of a restart to start the game; null when none is made. */
  private retrying: AbortController | null = null;
  /** Takes back the restart that is waited for after a crash; null when none is. */
  private comingBack: { readonly at: Date; readonly waiting: AbortController } | null = null;
  private shuttingDown = false;
  /** Settles when the game has ended for good; null until that was asked for. */
  private shutdown: Promise<void> | null = null;
  private lastExit: ProcessExit = { code: null, signal: null };
  private lastError: string | null = null;

  constructor(
    config: ConfigService<{ server: GameServerConfig }, true>,
    private readonly events: EventLog,
    private readonly ends: GameEnds,
    private readonly policy = new RestartPolicy(),
  ) {
    super();
    this.config = config.get('server', { infer: true });
    const { dataDir, dataPath, diskPath } = this.config;
    this.dataPath = dataPath;
    this.diskPath = diskPath;
    this.record = new GameServerRecord(dataDir);
    this.lock = dataDir === '' ? null : dataDirLock(dataDir);
    this.state = this.config.command.length === 0 ? 'not_configured' : 'stopped';
    this.statuses = new BehaviorSubject(this.status);
    this.gameServerChanged$ = this.statuses.asObservable();
  }

  override get gameServerPid(): number | null {
    return this.game?.isRunning === true ? this.game.pid : null;
  }

  override get console(): GameConsole | null {
    return this.runConsole;
  }

  override get status(): GameServerStatus {
    const game = this.game?.isRunning === true ? this.game : null;
    return {
      state: this.state,
      controllable: true,
      pid: game?.pid ?? null,
      uptimeSeconds: game?.uptimeSeconds ?? null,
      lastExitCode: this.lastExit.code,
      lastExitSignal: this.lastExit.signal,
      lastError: this.lastError,
      restartAt: this.comingBack?.at.toISOString() ?? null,
    };
  }

  /** Takes over the game that an earlier run of this program started, was killed, and left running. */
  onModuleInit(): void {
    if (this.state !== 'stopped') return;
    if (this.ownsFolder()) {
      this.takeOver(this.record.game());
      return;
    }
    this.logger.warn(
      `Another copy of this app has ${this.config.dataDir} (VS_DATA_DIR) and runs its game server.`,
    );
    this.takeOverTimer = setInterval(() => {
      if (!this.ownsFolder()) return;
      clearInterval(this.takeOverTimer);
      this.logger.log('The other copy of this app has ended; this one runs the game server now.');
      if (this.state === 'stopped') this.takeOver(this.record.game());
    }, TAKE_OVER_MS).unref();
  }

  /** Starts the game; resolves when its process runs, which is not yet when players can join. */
  override async start(): Promise<GameServerStatus> {
    if (this.state === 'not_configured') {
      throw new GameServerStateError('No game server is configured: set VS_SERVER_COMMAND.');
    }
    if (this.state !== 'stopped') {
      const pid = this.state === 'running' ? ` (pid ${String(this.gameServerPid)})` : '';
      const how = this.state === 'stopping' ? 'still stopping' : `${this.state} already${pid}`;
      throw new GameServerStateError(`The game server is ${how}.`);
    }
    if (this.shuttingDown) throw new GameServerStateError('The API is shutting down.');
    this.handled();
    this.requireNoOther();

    this.lastError = null;
    this.enterStarting();
    const spawning = this.spawn();
    this.launch = spawning.catch(() => undefined);
    await spawning;
    return this.status;
  }

  /** Asks the game to save and stop, and goes on to signals when it does not; does not wait for the end. */
  override async stop(): Promise<GameServerStatus> {
    if (this.handled()) {
      this.lastError = 'The game server crashed. It is not started again: it was stopped by hand.';
      this.logger.log(this.lastError);
      this.events.tell('game_stopped');
      this.statuses.next(this.status);
      return this.status;
    }
    const { retrying } = this;
    retrying?.abort();
    await this.launch;
    if (retrying !== null && this.state === 'stopped') return this.status;
    if (this.state === 'stopping' && this.restartWanted) {
      this.restartWanted = false;
      return this.status;
    }
    return this.beginStop(false);
  }

  /**
   * Stops the game and starts it again once it has ended, for some minutes if need be; a later `stop` takes the second
   * half back. A game that could not be started again is not stopped. One that is to be started again after a crash is
   * started at once.
   */
  override async restart(): Promise<GameServerStatus> {
    if (this.comingBack !== null) return this.start();
    if (this.retrying !== null) throw new GameServerStateError('The game server is starting already.');
    await this.launch;
    if (this.state === 'running') await this.requireStartable();
    return this.beginStop(true);
  }

  override shutDown(): Promise<void> {
    return (this.shutdown ??= this.endForGood());
  }

  /** The first hook of a shutdown: what others close in theirs, however long it takes, goes on while the game saves. */
  onModuleDestroy(): void {
    void this.shutDown();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.shutDown();
  }

  private async endForGood(): Promise<void> {
    this.shuttingDown = true;
    this.restartWanted = false;
    this.handled();
    clearInterval(this.takeOverTimer);
    this.retrying?.abort();
    await this.launch;
    if (this.state === 'running') this.beginStop(false);
    await this.ending;
    // A game that we cannot end must not keep us; its record stays, so that no other is put on its world.
    if (this.game?.isAlive !== true) await this.run;
    this.statuses.complete();
  }

  /** Takes in that somebody does something by hand; says whether that takes back a restart that was waited for. */
  private handled(): boolean {
    this.policy.handled(steadyNowMs());
    const { comingBack } = this;
    this.comingBack = null;
    comingBack?.waiting.abort();
    return comingBack !== null;
  }

  /** False while another copy has the data folder; a folder that cannot be used at all forbids nothing. */
  private ownsFolder(): boolean {
    try {
      return this.lock?.take() ?? true;
    } catch {
      return true;
    }
  }

  private requireNoOther(): void {
    if (!this.ownsFolder()) {
      this.refuse(
        `Another copy of this app has the folder ${this.config.dataDir} and runs its game server: ` +
          'use that copy or end it first, or give this one a folder of its own (VS_DATA_DIR).',
      );
    }
    const earlier = this.record.game();
    if (earlier === null) return;
    this.takeOver(earlier);
    const what = `A game server that was started earlier still runs (pid ${earlier.pid})`;
    if (earlier.identity !== null) this.refuse(`${what}; it has been taken over.`);
    this.refuse(`${what}; stop that one first. If it is none, delete ${String(this.record.file)}.`);
  }

  private refuse(message: string): never {
    this.lastError = message;
    throw new GameServerStateError(message);
  }

  private takeOver(game: RememberedGame | null): void {
    if (game === null || game.identity === null) return;
    this.logger.warn(
      `The game server that an earlier run of the API started still runs (pid ${game.pid}); taking it over.`,
    );
    this.follows(new AdoptedProcess(game.pid, game.identity));
    this.events.tell('game_taken_over', { pid: game.pid });
  }

  private async requireStartable(): Promise<void> {
    try {
      await requireStartable(this.program, this.config.cwd);
    } catch (error) {
      const message = `The game server is not restarted, it runs on: ${startFailure(error, this.program)}`;
      this.logger.error(message);
      throw new GameServerStartError(message);
    }
  }

  private get program(): string {
    return this.config.command[0] ?? '';
  }

  /** Starts the program, and after each of the pauses again when that fails. */
  private async spawn(
    pauses: Iterator<number, void> = [][Symbol.iterator](),
    signal?: AbortSignal,
  ): Promise<void> {
    for (;;) {
      try {
        await this.spawnOnce();
        return;
      } catch (error) {
        const failure = startFailure(error, this.program);
        const pause = signal?.aborted === true ? undefined : pauses.next().value;
        if (pause === undefined) return this.failStart(failure);
        this.lastError = `${failure} Trying again in ${pause / 1000} s.`;
        this.logger.warn(this.lastError);
        this.statuses.next(this.status);
        await delay(pause, undefined, { signal }).catch(() => undefined);
        if (signal?.aborted === true) return this.failStart(failure);
      }
    }
  }

  private failStart(failure: string): never {
    this.record.clear();
    this.lastError = failure;
    this.enter('stopped');
    this.events.tell('game_start_failed');
    this.logger.error(failure);
    throw new GameServerStartError(failure);
  }

  private async spawnOnce(): Promise<void> {
    const { command, cwd } = this.config;
    await requireFolder(cwd);
    // From here to the start of the program nothing is waited for: nobody else can start one in between.
    const game = await GameProcess.spawn(command, cwd, this.record.begin());
    this.lastError = null;
    this.follows(game);
  }

  private follows(game: RunningGame): void {
    this.game = game;
    this.runConsole = this.consoleOf(game);
    this.record.save(game.pid);
    this.enter('running');
    this.run = this.follow(game, this.ends.watch(game.pid));
  }

  private consoleOf(game: RunningGame): GameConsole | null {
    const { pid, output$ } = game;
    if (output$ === null) return null;
    const send = (line: string) =>
      this.game === game && this.state === 'running' && game.isRunning && game.sendCommand(line);
    return { pid, output$, send };
  }

  private beginStop(thenStart: boolean): GameServerStatus {
    const { game } = this;
    if (this.state !== 'running' || game === null) {
      const state = this.state === 'not_configured' ? 'not configured' : this.state;
      throw new GameServerStateError(`The game server is not running, it is ${state}.`);
    }
    this.handled();
    this.restartWanted = thenStart;
    this.enter('stopping');
    this.events.tell('game_stopping');
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

  private async follow(game: RunningGame, watch: CgroupWatch): Promise<void> {
    const exit = (this.lastExit = await game.exited);
    watch.close();
    const { token } = this.policy;
    const isUnasked = this.state === 'running';
    if (isUnasked && game.isAlive) {
      this.logger.warn('Ending the processes that the game server left behind.');
      this.enter('stopping');
      this.ending = this.end(game, '');
    }
    const isEndedByOther = exit.signal !== null && !game.wasSent(exit.signal);
    const end = isUnasked || isEndedByOther ? await this.explain(game, exit, watch) : null;
    if (!isUnasked && end !== null) {
      this.lastError = `${end.cause.text} It was stopping: what it had not saved is lost.`;
    }
    await this.ending;
    await game.ended();
    this.game = null;
    this.runConsole = null;
    this.record.clear();
    this.enter('stopped');
    const hasCrashed = isUnasked && end?.cause.isCrash === true;
    if (!hasCrashed) this.events.tell('game_stopped');
    if (this.restartWanted) await this.startAgain();
    else if (hasCrashed) this.comeBack(end, token);
  }

  /** Says, in the log, the status and the timeline, how a run ended that we did not end. */
  private async explain(game: RunningGame, exit: ProcessExit, watch: CgroupWatch): Promise<ExplainedEnd> {
    const { uptimeSeconds, output$ } = game;
    // What it wrote last is still on its way.
    if (output$ !== null) await lastValueFrom(output$, { defaultValue: null });
    const output = output$ === null ? null : game.outputTail();
    const end = await this.ends.explain(watch, { ...exit, output, uptimeSeconds });
    const { name, text, isCrash } = end.cause;
    this.lastError = text;
    if (isCrash) {
      this.logger.warn(end.report);
      this.events.tell('game_crashed', { exitCode: exit.code, signal: exit.signal, cause: name, how: text });
    } else this.logger.log(end.report);
    return end;
  }

  /** What VS_SERVER_RESTART says about a crash; `token` is of the moment at which the game had ended. */
  private comeBack({ cause, isSure }: ExplainedEnd, token: number): void {
    if (!this.config.restartsOnCrash || this.shuttingDown) return;
    if (!isSure) {
      this.staysDown(`${cause.text} It may have been stopped by somebody, so it is not started again.`);
      return;
    }
    const decision = this.policy.crashed(steadyNowMs());
    if (!this.policy.isWanted(token)) return;
    const text = `${cause.text} ${restartText(decision)}`;
    if (decision.kind === 'stayDown') {
      this.events.tell('game_stays_down', { crashes: decision.crashes });
      this.staysDown(text);
      return;
    }
    const { inMs, attempt } = decision;
    const waiting = new AbortController();
    this.comingBack = { at: new Date(Date.now() + inMs), waiting };
    this.lastError = text;
    this.logger.warn(text);
    this.statuses.next(this.status);
    void this.startLater(inMs, attempt, waiting.signal);
  }

  private staysDown(text: string): void {
    this.lastError = text;
    this.logger.error(text);
    this.statuses.next(this.status);
  }

  private async startLater(inMs: number, attempt: number, signal: AbortSignal): Promise<void> {
    await delay(inMs, undefined, { signal, ref: false }).catch(() => undefined);
    if (signal.aborted) return;
    this.comingBack = null;
    await this.startAgain(attempt);
  }

  /**
   * The second half of a restart; nobody waits for it: a failure is in lastError and in the log. `attempt` is that of a restart after
   * a crash.
   */
  private async startAgain(attempt: number | null = null): Promise<void> {
    this.restartWanted = false;
    try {
      this.requireNoOther();
    } catch {
      this.logger.error(this.lastError ?? '');
      this.statuses.next(this.status);
      return;
    }
    if (attempt !== null) this.events.tell('game_restarted', { attempt });
    this.enterStarting();
    this.retrying = new AbortController();
    this.launch = this.spawn(retryPauses(), this.retrying.signal).catch(() => undefined);
    await this.launch;
    this.retrying = null;
  }

  private enterStarting(): void {
    this.enter('starting');
    this.events.tell('game_starting');
  }

  private enter(state: GameServerState): void {
    this.state = state;
    this.logger.log(
      state === 'running' ? `Game server running, pid ${String(this.gameServerPid)}` : `Game server ${state}`,
    );
    this.statuses.next(this.status);
  }
}
