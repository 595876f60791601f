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
import { GameLimits } from '../game-server/game-limits.js';
import { GameServerStartError, GameServerStateError } from '../game-server/game-server-errors.js';
import { GameServerService } from '../game-server/game-server.service.js';
import { type GameServerState, type GameServerStatus } from '../game-server/game-server-status.js';
import { groupMembers, hasEnded } from './game-programs.js';
import { temporaryFolder } from './temporary-folder.js';
import { waitFor } from './wait-for.js';

/** Long enough never to pass in a test: what happens sooner happened for another reason. */
const NEVER_MS = 60_000;
/** How long a game of a test gets to save, in tests in which it does not. */
export const STOP_TIMEOUT_MS = 250;

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

  beforeEach(() => {
    temporary = temporaryFolder();
    for (const list of [services, strangers, log]) list.length = 0;
    pids.clear();
    events = new EventLog();
    const keep = (level: string) => (message: string) => log.push({ level, message });
    const collector: LoggerService = { log: keep('log'), warn: keep('warn'), error: keep('error') };
    Logger.overrideLogger(collector);
  });

  afterEach(async () => {
    await Promise.all(services.map((service) => service.onApplicationShutdown()));
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
    const server: GameServerConfig = {
      command: [...command],
      cwd: folder.path,
      autostart: false,
      stopCommand: '',
      stopTimeoutMs: NEVER_MS,
      pidFile: '',
      dataDir: file('data'),
      dataPath: null,
      diskPath: null,
      ...settings,
    };
    const config = new ConfigService<{ server: GameServerConfig }, true>({ server });
    return watch(new GameServerService(config, events, new GameLimits(config)));
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

  return { folder, strangers, pids, log, file, build, watch, told, warnings, exists };
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
