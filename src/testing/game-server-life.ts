// The life of a game server in a test. Used by unit specs of game-server/.
import { afterEach, beforeEach, expect } from '@jest/globals';
import { Logger, type LoggerService } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { filter, firstValueFrom, throwError, timeout } from 'rxjs';
import { EventLog } from '../events/event-log.js';
import { type TimelineEvent } from '../events/event.js';
import { type GameServerConfig } from '../game-server/game-server.config.js';
import { AttachedGameServerService } from '../game-server/attached-game-server.service.js';
import { GameEnds } from '../game-server/game-ends.js';
import { GameLimits } from '../game-server/game-limits.js';
import { GameServerStartError, GameServerStateError } from '../game-server/game-server-errors.js';
import { GameServerService } from '../game-server/game-server.service.js';
import { type GameServerState, type GameServerStatus } from '../game-server/game-server-status.js';
import { type LastSample } from '../game-server/last-sample.js';
import { RestartPolicy } from '../game-server/restart-policy.js';
import { type MetricsSnapshot } from '../metrics/metrics-snapshot.js';
import { groupMembers, hasEnded } from './game-programs.js';
import { temporaryFolder } from './temporary-folder.js';
import { waitFor } from './wait-for.js';

/** Long enough never to pass in a test: what happens sooner happened for another reason. */
const NEVER_MS = 60_000;
/** Until a game that crashed for the first time is started again. */
export const FIRST_PAUSE_MS = 50;
/**
 * How long a game of a test gets to save, in tests in which it does not. What does heed a signal has to be seen to have
 * ended within this, also on a busy machine.
 */
export const STOP_TIMEOUT_MS = 1000;

/**
 * What the tests of a game server's life share: a folder, services that run real processes in it, and the log. After each
 * test all of them are ended, and none may be left. A promise that is rejected and that nobody handles needs no
 * check: Jest fails the test in which it happens.
 */
export function gameServerLife() {
  let temporary: ReturnType<typeof temporaryFolder>;
  const services: GameServerService[] = [];
  /** Processes that the test itself started. */
  const strangers: ChildProcess[] = [];
  /** Every process that was ever started in the test, by all services. */
  const pids = new Set<number>();
  const log: { level: string; message: string }[] = [];
  let events: EventLog;
  const attached: AttachedGameServerService[] = [];
  const limitsOfAll: GameLimits[] = [];
  /** What a sampler would have seen last. */
  const sampled: { last: MetricsSnapshot | null } = { last: null };

  beforeEach(() => {
    temporary = temporaryFolder();
    for (const list of [services, attached, strangers, log, limitsOfAll]) list.length = 0;
    sampled.last = null;
    pids.clear();
    events = new EventLog();
    const keep = (level: string) => (message: string) => log.push({ level, message });
    const collector: LoggerService = { log: keep('log'), warn: keep('warn'), error: keep('error') };
    Logger.overrideLogger(collector);
  });

  afterEach(async () => {
    await Promise.all(services.map((service) => service.onApplicationShutdown()));
    for (const service of attached) service.onApplicationShutdown();
    for (const limits of limitsOfAll) limits.onApplicationShutdown();
    for (const stranger of strangers) {
      stranger.kill('SIGKILL');
      await hasEnded(stranger);
    }
    const left = [...pids].filter((pid) => groupMembers(pid).length > 0);
    for (const pid of left) process.kill(-pid, 'SIGKILL');
    temporary.remove();
    expect(left).toEqual([]);
  });

  const folder = {
    get path() {
      return temporary.path;
    },
  };

  /** The path of a file in the test's folder. */
  function file(name: string): string {
    return join(folder.path, name);
  }

  /** A service that runs `command` in the test's folder: no console command, and it keeps its record in `data`. */
  function build(command: readonly string[], settings: Partial<GameServerConfig> = {}): GameServerService {
    const config = configOf({ command: [...command], dataDir: file('data'), ...settings });
    return watch(new GameServerService(config, events, endsFor(config), new RestartPolicy(FIRST_PAUSE_MS)));
  }

  /** One that looks at the game whose pid is in a file, and has begun to. */
  function attach(pidFile: string, settings: Partial<GameServerConfig> = {}): AttachedGameServerService {
    const config = configOf({ pidFile, ...settings });
    const service = new AttachedGameServerService(config, events, endsFor(config));
    attached.push(service);
    service.onModuleInit();
    return service;
  }

  function configOf(settings: Partial<GameServerConfig>): ConfigService<{ server: GameServerConfig }, true> {
    const server: GameServerConfig = {
      command: [],
      cwd: folder.path,
      autostart: false,
      restartsOnCrash: false,
      stopCommand: '',
      stopTimeoutMs: NEVER_MS,
      pidFile: '',
      dataDir: '',
      dataPath: null,
      diskPath: null,
      ...settings,
    };
    return new ConfigService<{ server: GameServerConfig }, true>({ server });
  }

  function endsFor(config: ConfigService<{ server: GameServerConfig }, true>): GameEnds {
    const limits = new GameLimits(config);
    limitsOfAll.push(limits);
    return new GameEnds(config, limits, { of: () => sampled.last } as unknown as LastSample);
  }

  /** Ends a service after the test, too. */
  function watch(service: GameServerService): GameServerService {
    services.push(service);
    service.gameServerChanged$.subscribe(({ pid }) => {
      if (pid !== null) pids.add(pid);
    });
    return service;
  }

  /** What all services told the timeline so far. */
  function told(): TimelineEvent[] {
    return events.newest;
  }

  /** The warnings in the log so far. */
  function warnings(): string[] {
    return log.filter(({ level }) => level === 'warn').map(({ message }) => message);
  }

  async function exists(name: string): Promise<void> {
    await waitFor(() => existsSync(file(name)), `file ${name}`);
  }

  return { folder, strangers, pids, log, sampled, file, build, attach, watch, told, warnings, exists };
}

/** The states that a service enters from now on. */
export function statesOf(service: GameServerService): GameServerState[] {
  const states: GameServerState[] = [];
  service.gameServerChanged$.subscribe(({ state }) => states.push(state));
  states.length = 0;
  return states;
}

/** The status with which a service enters a state, or has entered it. */
export function reach(service: GameServerService, state: GameServerState): Promise<GameServerStatus> {
  return firstValueFrom(
    service.gameServerChanged$.pipe(
      filter((status) => status.state === state),
      timeout({ first: 30_000, with: () => throwError(() => new Error(`never reached ${state}`)) }),
    ),
  );
}

/** The pid of a game that runs. */
export function pidOf(service: GameServerService): number {
  const { pid } = service.status;
  if (pid === null) throw new Error('the game server has no process');
  return pid;
}

/** The error with which the game server refuses something. */
export async function failure(
  action: Promise<unknown>,
): Promise<GameServerStateError | GameServerStartError> {
  const error = await action.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof GameServerStateError || error instanceof GameServerStartError) return error;
  throw new Error(`not an error of the game server's: ${String(error)}`);
}

/** Expects that its state forbids something. */
export async function expectConflict(action: Promise<unknown>, message: string | RegExp): Promise<void> {
  const error = await failure(action);
  expect(error).toBeInstanceOf(GameServerStateError);
  expect(error.message).toMatch(message);
}
