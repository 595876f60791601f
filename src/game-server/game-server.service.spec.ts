import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  ConflictException,
  HttpException,
  Logger,
  type LoggerService,
  UnprocessableEntityException,
} from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { Test } from '@nestjs/testing';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { filter, firstValueFrom, throwError, timeout } from 'rxjs';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { waitFor } from '../testing/wait-for.js';
import { isAsleep } from '../testing/children.js';
import {
  asNobody,
  executable,
  groupMembers,
  hasEnded,
  idleGame,
  nodeProgram,
  otherUsersGame,
  savingGame,
  shellProgram,
  stubbornGame,
} from '../testing/game-programs.js';
import { GameServer } from './game-server.js';
import { GameServerService } from './game-server.service.js';
import { type GameServerConfig } from './game-server.config.js';
import { GameServerModule } from './game-server.module.js';
import { ServerRecord } from './server-record.js';
import { ServerService } from '../metrics/server.service.js';
import { type ServerState, type ServerStatus } from './server-status.js';

/**
 * The life of a game server with real processes. A promise that is rejected and that nobody handles needs no
 * check here: Jest fails the test in which it happens.
 */
describe('GameServerService', () => {
  /** Long enough never to pass in a test: what happens sooner happened for another reason. */
  const NEVER_MS = 60_000;
  const TIMEOUT_MS = 250;

  let folder: ReturnType<typeof temporaryFolder>;
  let services: GameServerService[];
  let strangers: ChildProcess[];
  /** Every process that was ever started in the test, by all services. */
  let pids: Set<number>;
  let log: { level: string; message: string }[];

  beforeEach(() => {
    folder = temporaryFolder();
    [services, strangers, pids, log] = [[], [], new Set(), []];
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
    folder.remove();
    expect(left).toEqual([]);
  });

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
      ...settings,
    };
    return watch(new GameServerService(new ConfigService<{ server: GameServerConfig }, true>({ server })));
  }

  function watch(service: GameServerService): GameServerService {
    services.push(service);
    service.status$.subscribe(({ pid }) => {
      if (pid !== null) pids.add(pid);
    });
    return service;
  }

  /** The warnings in the log so far. */
  function warnings(): string[] {
    return log.filter(({ level }) => level === 'warn').map(({ message }) => message);
  }

  /** The states that a service enters from now on. */
  function statesOf(service: GameServerService): ServerState[] {
    const states: ServerState[] = [];
    service.status$.subscribe(({ state }) => states.push(state));
    states.length = 0;
    return states;
  }

  /** The status with which a service enters a state, or has entered it. */
  function reach(service: GameServerService, state: ServerState): Promise<ServerStatus> {
    return firstValueFrom(
      service.status$.pipe(
        filter((status) => status.state === state),
        timeout({ first: 30_000, with: () => throwError(() => new Error(`never reached ${state}`)) }),
      ),
    );
  }

  function pidOf(service: GameServerService): number {
    const { pid } = service.status;
    if (pid === null) throw new Error('the game server has no process');
    return pid;
  }

  async function exists(name: string): Promise<void> {
    await waitFor(() => existsSync(file(name)), `file ${name}`);
  }

  async function failure(action: Promise<unknown>): Promise<HttpException> {
    const error = await action.then(
      () => null,
      (reason: unknown) => reason,
    );
    if (!(error instanceof HttpException)) throw new Error(`not an HttpException: ${String(error)}`);
    return error;
  }

  async function expectConflict(action: Promise<unknown>, message: string | RegExp): Promise<void> {
    const error = await failure(action);
    expect(error).toBeInstanceOf(ConflictException);
    expect(error.message).toMatch(message);
  }

  describe('start', () => {
    it('answers running, with the pid of a process that leads a group of its own', async () => {
      const service = build(idleGame);
      expect(service.status).toEqual({
        state: 'stopped',
        controllable: true,
        pid: null,
        uptimeSeconds: null,
        lastExitCode: null,
        lastExitSignal: null,
        lastError: null,
      });
      const status = await service.start();
      expect(status).toEqual({
        state: 'running',
        controllable: true,
        pid: expect.any(Number),
        uptimeSeconds: 0,
        lastExitCode: null,
        lastExitSignal: null,
        lastError: null,
      });
      expect(groupMembers(pidOf(service))).toEqual([status.pid]);
      expect(service.gameServerPid).toBe(status.pid);
    });

    it('counts the seconds since', async () => {
      const service = build(idleGame);
      await service.start();
      await waitFor(() => service.status.uptimeSeconds === 1);
    });

    it('goes through the states in order, up to the end', async () => {
      const service = build(idleGame);
      const all: ServerStatus[] = [];
      service.status$.subscribe((status) => all.push(status));
      const { pid } = await service.start();
      await service.stop();
      const { lastExitSignal } = await reach(service, 'stopped').then(() => service.status);
      expect(all.map(({ state, pid }) => [state, pid])).toEqual([
        ['stopped', null],
        ['starting', null],
        ['running', pid],
        ['stopping', pid],
        ['stopped', null],
      ]);
      expect(lastExitSignal).toBe('SIGTERM');
      expect(service.gameServerPid).toBeNull();
    });

    it('happens once when asked for twice at once', async () => {
      const service = build(idleGame);
      const [first, second] = [service.start(), service.start()];
      await expectConflict(second, 'The game server is starting already.');
      await expect(first).resolves.toMatchObject({ state: 'running' });
      expect(pids.size).toBe(1);
    });

    it('is refused while the game runs, and while it stops', async () => {
      const service = build(nodeProgram(savingGame(file('saved'), file('ready'), 100)));
      await service.start();
      await expectConflict(service.start(), `The game server is running already (pid ${pidOf(service)}).`);
      await exists('ready');
      await service.stop();
      await expectConflict(service.start(), 'The game server is still stopping.');
    });

    it('works again after a stop', async () => {
      const service = build(idleGame);
      const first = await service.start();
      await service.stop();
      await reach(service, 'stopped');
      const second = await service.start();
      expect(second.state).toBe('running');
      expect(second.pid).not.toBe(first.pid);
    });

    it('runs the program in its folder, with our environment less the keys', async () => {
      const before = { ...process.env };
      Object.assign(process.env, {
        VS_API_KEY_ADMIN: 'a',
        VS_API_KEY_MONITOR: 'm',
        TEST_VARIABLE: 'seen',
      });
      try {
        const report = 'JSON.stringify([process.cwd(), process.env])';
        const service = build(
          nodeProgram(`const fs = require('node:fs');
            fs.writeFileSync('report.new', ${report}); fs.renameSync('report.new', 'report');`),
        );
        await service.start();
        await exists('report');
      } finally {
        process.env = before;
      }
      const [cwd, env] = JSON.parse(readFileSync(file('report'), 'utf8')) as [string, Record<string, string>];
      expect(cwd).toBe(folder.path);
      expect(env).toMatchObject({ TEST_VARIABLE: 'seen', PATH: process.env.PATH });
      expect(Object.keys(env).filter((name) => name.startsWith('VS_API_KEY'))).toEqual([]);
    });

    it('succeeds for a program that ends at once; its exit code is kept', async () => {
      const service = build(shellProgram('exit 3'));
      const states = statesOf(service);
      await expect(service.start()).resolves.toMatchObject({ state: 'running' });
      await expect(reach(service, 'stopped')).resolves.toEqual({
        state: 'stopped',
        controllable: true,
        pid: null,
        uptimeSeconds: null,
        lastExitCode: 3,
        lastExitSignal: null,
        lastError: 'The game server ended unasked with code 3.',
      });
      expect(states).toEqual(['starting', 'running', 'stopped']);
    });

    it('forgets the error of the run before, not its exit code', async () => {
      const program = executable(file('game'), '#!/bin/sh\nexit 3\n');
      const service = build([program]);
      await service.start();
      await reach(service, 'stopped');
      executable(program, '#!/bin/sh\nexec sleep 60\n');
      await expect(service.start()).resolves.toMatchObject({ lastError: null, lastExitCode: 3 });
    });
  });

  describe('a start that cannot be', () => {
    it.each<[string, (path: string) => Partial<GameServerConfig>, RegExp]>([
      ['a program that is not there', (path) => ({ command: [join(path, 'gone')] }), /gone was not found/],
      [
        'a program not in the PATH',
        () => ({ command: ['no-such-game', '-x'] }),
        /no-such-game was not found/,
      ],
      ['an empty name', () => ({ command: [''] }), /could not be started/],
      [
        'a file that may not be run',
        (path) => ({ command: [executable(join(path, 'plain'), 'text', 0o644)] }),
        /program \S+plain may not be run \(VS_SERVER_COMMAND\)/,
      ],
      [
        'a folder that is not there',
        (path) => ({ cwd: join(path, 'gone') }),
        /folder \S+gone does not exist \(VS_SERVER_CWD\)/,
      ],
      [
        'a folder that is a file',
        (path) => ({ cwd: executable(join(path, 'plain'), '') }),
        /folder \S+plain is not a folder \(VS_SERVER_CWD\)/,
      ],
    ])('says so: %s', async (_, settings, reason) => {
      const service = build(idleGame, settings(folder.path));
      const states = statesOf(service);
      for (const attempt of [1, 2]) {
        const error = await failure(service.start());
        expect(error).toBeInstanceOf(UnprocessableEntityException);
        expect(error.message).toMatch(reason);
        expect(service.status).toMatchObject({ state: 'stopped', pid: null, lastError: error.message });
        expect(states).toHaveLength(2 * attempt);
        expect(log.filter(({ level }) => level === 'error')).toHaveLength(attempt);
      }
      expect(states).toEqual(['starting', 'stopped', 'starting', 'stopped']);
      expect(existsSync(file('data/game-server.json'))).toBe(false);
    });

    it('does not say that a folder is missing which may not be entered', async () => {
      mkdirSync(file('closed'));
      const service = build(idleGame, { cwd: file('closed') });
      chmodSync(file('closed'), 0o600);
      chmodSync(folder.path, 0o755);
      const error = await asNobody(() => failure(service.start()));
      expect(error).toBeInstanceOf(UnprocessableEntityException);
      expect(error.message).toMatch(/folder \S+closed may not be entered \(VS_SERVER_CWD\)/);
    });

    it('works once the reason is gone', async () => {
      const service = build([file('game')]);
      await failure(service.start());
      executable(file('game'), '#!/bin/sh\nexec sleep 60\n');
      await expect(service.start()).resolves.toMatchObject({ state: 'running', lastError: null });
    });
  });

  describe('without a command', () => {
    it('refuses everything and names the variable', async () => {
      const service = build([]);
      expect(service.status).toMatchObject({ state: 'not_configured', pid: null });
      await expectConflict(service.start(), 'No game server is configured: set VS_SERVER_COMMAND.');
      await expectConflict(service.stop(), 'The game server is not running, it is not configured.');
      await expectConflict(service.restart(), 'The game server is not running, it is not configured.');
      await service.onApplicationShutdown();
      expect(service.status.state).toBe('not_configured');
    });
  });

  describe('stop', () => {
    it('is refused while nothing runs', async () => {
      const service = build(idleGame);
      await expectConflict(service.stop(), 'The game server is not running, it is stopped.');
      await expectConflict(service.restart(), 'The game server is not running, it is stopped.');
    });

    it('asks on the console, and answers before the game has saved', async () => {
      const service = build(nodeProgram(savingGame(file('saved'), file('ready'), 200)), {
        stopCommand: '/stop',
      });
      const { pid } = await service.start();
      await exists('ready');
      await expect(service.stop()).resolves.toMatchObject({ state: 'stopping', pid });
      expect(existsSync(file('saved'))).toBe(false);
      await expect(reach(service, 'stopped')).resolves.toMatchObject({
        lastExitCode: 0,
        lastExitSignal: null,
        lastError: null,
      });
      expect(readFileSync(file('saved'), 'utf8')).toBe('/stop');
      expect(log.filter(({ level }) => level !== 'log')).toEqual([]);
    });

    it('sends SIGTERM at once when there is no console command', async () => {
      const service = build(nodeProgram(savingGame(file('saved'), file('ready'))));
      await service.start();
      await exists('ready');
      await service.stop();
      await reach(service, 'stopped');
      expect(readFileSync(file('saved'), 'utf8')).toBe('SIGTERM');
    });

    it('sends SIGTERM to a game that does not heed its console, after the timeout', async () => {
      const service = build(idleGame, { stopCommand: '/stop', stopTimeoutMs: TIMEOUT_MS });
      const { pid } = await service.start();
      const askedMs = performance.now();
      await service.stop();
      const { lastExitSignal, lastError } = await reach(service, 'stopped');
      expect([lastExitSignal, lastError]).toEqual(['SIGTERM', null]);
      expect(warnings()).toEqual([
        `The game server, pid ${pid}, has not ended ${TIMEOUT_MS / 1000} s after /stop: sending SIGTERM`,
      ]);
      expect(performance.now() - askedMs).toBeGreaterThanOrEqual(TIMEOUT_MS);
    });

    it('sends SIGKILL to a game that heeds nothing, after the timeout has passed twice', async () => {
      const service = build(stubbornGame(file('ready')), { stopCommand: '/stop', stopTimeoutMs: TIMEOUT_MS });
      await service.start();
      await exists('ready');
      const askedMs = performance.now();
      await service.stop();
      const { lastExitSignal, lastError } = await reach(service, 'stopped');
      expect([lastExitSignal, lastError]).toEqual(['SIGKILL', expect.stringMatching(/had to be killed/)]);
      expect(warnings().at(-1)).toMatch(/after SIGTERM: sending SIGKILL$/);
      expect(performance.now() - askedMs).toBeGreaterThanOrEqual(2 * TIMEOUT_MS);
    });

    it('goes on to SIGTERM for a game that has closed its console', async () => {
      const service = build(shellProgram(`exec 0<&-; touch '${file('ready')}'; exec sleep 60`), {
        stopCommand: '/stop',
        stopTimeoutMs: TIMEOUT_MS,
      });
      await service.start();
      await exists('ready');
      await service.stop();
      await expect(reach(service, 'stopped')).resolves.toMatchObject({ lastExitSignal: 'SIGTERM' });
    });

    it('waits for a start under way, and then stops', async () => {
      const service = build(idleGame);
      const states = statesOf(service);
      const [started, stopping] = await Promise.all([service.start(), service.stop()]);
      expect(started.pid).not.toBeNull();
      expect(stopping).toMatchObject({ state: 'stopping', pid: started.pid });
      await reach(service, 'stopped');
      expect(states).toEqual(['starting', 'running', 'stopping', 'stopped']);
    });

    it('is refused when the start under way fails', async () => {
      const service = build([file('gone')]);
      const [start, stop] = [service.start(), service.stop()];
      await expectConflict(stop, 'The game server is not running, it is stopped.');
      await expect(start).rejects.toBeInstanceOf(UnprocessableEntityException);
    });

    it('is refused, like a restart, while the game stops', async () => {
      const service = build(nodeProgram(savingGame(file('saved'), file('ready'), 100)));
      await service.start();
      await exists('ready');
      const [first, second] = [service.stop(), service.stop()];
      await expect(first).resolves.toMatchObject({ state: 'stopping' });
      await expectConflict(second, 'The game server is not running, it is stopping.');
      await expectConflict(service.restart(), 'The game server is not running, it is stopping.');
      await reach(service, 'stopped');
      expect(service.status).toMatchObject({ state: 'stopped', lastExitCode: 0 });
    });

    it('has a defined result at any moment of a game that ends by itself', async () => {
      const service = build(idleGame);
      for (let round = 0; round < 8; round++) {
        const { pid } = await service.start();
        if (pid === null) throw new Error('no process');
        const gone = waitFor(() => service.gameServerPid === null);
        process.kill(pid, 'SIGKILL');
        for (let turn = 0; turn < round; turn++) await new Promise(setImmediate);
        const result = await service.stop().catch((error: unknown) => error);
        if (result instanceof Error) expect(result).toBeInstanceOf(ConflictException);
        else expect(result).toMatchObject({ state: 'stopping' });
        await gone;
        await waitFor(() => service.status.state === 'stopped');
        expect(service.status).toMatchObject({ pid: null, lastExitSignal: 'SIGKILL' });
      }
    });
  });

  describe('a game that dies by itself', () => {
    it('is stopped, with the reason in words and its last lines in one log entry', async () => {
      const service = build(shellProgram(`seq 1 250; touch '${file('ready')}'; exec sleep 60`));
      await service.start();
      await exists('ready');
      const states = statesOf(service);
      process.kill(pidOf(service), 'SIGKILL');
      await expect(reach(service, 'stopped')).resolves.toEqual({
        state: 'stopped',
        controllable: true,
        pid: null,
        uptimeSeconds: null,
        lastExitCode: null,
        lastExitSignal: 'SIGKILL',
        lastError: 'The game server ended unasked by SIGKILL.',
      });
      expect(warnings()).toHaveLength(1);
      const lines = warnings()[0]?.split('\n') ?? [];
      expect(lines[0]).toBe('The game server ended unasked by SIGKILL. Its last lines (200):');
      expect(lines.slice(1)).toEqual(Array.from({ length: 200 }, (_, index) => String(index + 51)));

      await new Promise((done) => setTimeout(done, 100));
      expect(states).toEqual(['stopped']);
    });

    it('has even the last line of a long farewell in the log', async () => {
      const service = build(shellProgram('seq 1 30000; echo farewell >&2; exit 1'));
      for (let run = 1; run <= 10; run++) {
        await service.start();
        await waitFor(() => service.status.state === 'stopped');
        const warnings = log.filter(({ level }) => level === 'warn');
        expect(warnings).toHaveLength(run);
        expect(warnings.at(-1)?.message.split('\n')).toEqual(expect.arrayContaining(['30000', 'farewell']));
      }
    });

    it('is stopped soon although a process outside its group holds its output open', async () => {
      executable(file('daemon.sh'), '#!/bin/sh\necho $$ > daemon\nexec sleep 60\n');
      const service = build(
        shellProgram('setsid ./daemon.sh & until [ -s daemon ]; do sleep 0.01; done; exit 1'),
      );
      await service.start();
      await waitFor(() => service.status.state === 'stopped');
      const daemon = Number(readFileSync(file('daemon'), 'utf8'));
      const members = groupMembers(daemon);
      process.kill(daemon, 'SIGKILL');
      expect(members).toEqual([daemon]);
    });

    it('can be started again', async () => {
      const service = build(idleGame);
      await service.start();
      process.kill(pidOf(service), 'SIGKILL');
      await reach(service, 'stopped');
      await expect(service.start()).resolves.toMatchObject({ state: 'running', lastError: null });
    });
  });

  describe('a wrapper', () => {
    /** A wrapper that waits for a game which saves for a moment when it gets SIGTERM. */
    function wrapper(savesForMs = 200): string[] {
      executable(file('game.js'), savingGame(file('saved'), file('ready'), savesForMs));
      return shellProgram(`'${process.execPath}' game.js & wait`);
    }

    /** What was left of the group, and whether the game had saved, when a service entered `stopped`. */
    function atStopped(service: GameServerService): { members: number[]; saved: boolean }[] {
      const { pid } = service.status;
      const found: { members: number[]; saved: boolean }[] = [];
      service.status$.subscribe(({ state }) => {
        if (state === 'stopped' && pid !== null) {
          found.push({ members: groupMembers(pid), saved: existsSync(file('saved')) });
        }
      });
      return found;
    }

    it('is stopped only when its child has saved and ended', async () => {
      const service = build(wrapper());
      await service.start();
      await exists('ready');
      const group = pidOf(service);
      expect(groupMembers(group)).toHaveLength(2);
      const found = atStopped(service);
      await service.stop();
      // SIGTERM ends the shell at once; the game in it still saves.
      await waitFor(() => service.gameServerPid === null);
      expect(service.status).toMatchObject({ state: 'stopping', pid: null, uptimeSeconds: null });
      await reach(service, 'stopped');
      expect(found).toEqual([{ members: [], saved: true }]);
    });

    it('that dies takes its child along, which is given the time to save', async () => {
      const service = build(wrapper());
      await service.start();
      await exists('ready');
      const states = statesOf(service);
      const found = atStopped(service);
      process.kill(pidOf(service), 'SIGKILL');
      await expect(reach(service, 'stopped')).resolves.toMatchObject({
        lastExitSignal: 'SIGKILL',
        lastError: 'The game server ended unasked by SIGKILL.',
      });
      expect(states).toEqual(['stopping', 'stopped']);
      expect(found).toEqual([{ members: [], saved: true }]);
    });

    it('that returns at once takes its child along', async () => {
      const service = build(shellProgram('sleep 60 & exit 0'));
      await service.start();
      const found = atStopped(service);
      await expect(reach(service, 'stopped')).resolves.toMatchObject({ lastExitCode: 0 });
      expect(found).toEqual([{ members: [], saved: false }]);
    });

    it('that dies takes even a stubborn child along, after the timeout', async () => {
      const service = build(
        shellProgram(`(trap '' TERM; touch '${file('ready')}'; exec sleep 60) & exec sleep 60`),
        {
          stopTimeoutMs: TIMEOUT_MS,
        },
      );
      await service.start();
      await exists('ready');
      const found = atStopped(service);
      process.kill(pidOf(service), 'SIGKILL');
      await reach(service, 'stopped');
      expect(found).toEqual([{ members: [], saved: false }]);
    });

    it('that heeds the console leaves no child behind either', async () => {
      const service = build(shellProgram('sleep 60 & read line; exit 7'), {
        stopCommand: '/stop',
        stopTimeoutMs: TIMEOUT_MS,
      });
      await service.start();
      const found = atStopped(service);
      await service.stop();
      await expect(reach(service, 'stopped')).resolves.toMatchObject({ lastExitCode: 7, lastError: null });
      expect(found).toEqual([{ members: [], saved: false }]);
    });

    it('that died: a start, a stop and a restart are refused until its child has ended', async () => {
      const service = build(wrapper(300));
      await service.start();
      await exists('ready');
      process.kill(pidOf(service), 'SIGKILL');
      await reach(service, 'stopping');
      await expectConflict(service.start(), 'The game server is still stopping.');
      await expectConflict(service.stop(), 'it is stopping.');
      await expectConflict(service.restart(), 'it is stopping.');
      await reach(service, 'stopped');
    });
  });

  // Only root can start a game that it may later not signal: see `asNobody`.
  (process.getuid?.() === 0 ? describe : describe.skip)('a game that we may not signal', () => {
    async function startOtherUsersGame(): Promise<GameServerService> {
      chmodSync(folder.path, 0o777);
      const service = build(otherUsersGame(file('ready')));
      await service.start();
      await exists('ready');
      return service;
    }

    it('is stopping until it ends, with the reason in lastError and in the log', async () => {
      const service = await startOtherUsersGame();
      const { pid } = service.status;
      await asNobody(() => service.stop());
      expect(service.status).toMatchObject({
        state: 'stopping',
        pid,
        lastError: `The game server (process group ${String(pid)}) cannot be ended: kill EPERM`,
      });
      expect(log.filter(({ level }) => level === 'error')).toHaveLength(1);
      await expectConflict(service.start(), 'The game server is still stopping.');
      process.kill(pidOf(service), 'SIGKILL');
      await reach(service, 'stopped');
      expect(existsSync(file('data/game-server.json'))).toBe(false);
    });

    it('is stopping even when its wrapper has died, until it has ended', async () => {
      chmodSync(folder.path, 0o777);
      executable(file('game.js'), otherUsersGame(file('ready')).at(-1) ?? '');
      const service = build(shellProgram(`'${process.execPath}' game.js & wait`));
      await service.start();
      await exists('ready');
      const group = pidOf(service);
      const states = statesOf(service);
      await asNobody(async () => {
        process.kill(group, 'SIGKILL');
        await waitFor(() => log.some(({ level }) => level === 'error'));
      });
      expect(service.status.lastError).toMatch('cannot be ended: kill EPERM');
      await new Promise((done) => setTimeout(done, 100));
      expect(states).toEqual(['stopping']);
      process.kill(-group, 'SIGKILL');
      await reach(service, 'stopped');
      expect(groupMembers(group)).toEqual([]);
    });

    it('does not hold up a shutdown; its record stays', async () => {
      const service = await startOtherUsersGame();
      const pid = pidOf(service);
      await asNobody(() => service.onApplicationShutdown());
      expect(groupMembers(pid)).toEqual([pid]);
      await expectConflict(build(idleGame).start(), new RegExp(`pid ${pid}`));
      process.kill(pid, 'SIGKILL');
      await waitFor(() => service.status.state === 'stopped');
    });
  });

  describe('restart', () => {
    it('ends the game and starts it anew', async () => {
      const service = build(idleGame);
      const first = await service.start();
      const states = statesOf(service);
      await expect(service.restart()).resolves.toMatchObject({ state: 'stopping', pid: first.pid });
      await waitFor(() => service.status.state === 'running');
      expect(states).toEqual(['stopping', 'stopped', 'starting', 'running']);
      expect(service.status).toMatchObject({ pid: expect.any(Number), lastError: null });
      expect(service.status.pid).not.toBe(first.pid);
      await expect(service.restart()).resolves.toMatchObject({ state: 'stopping' });
      await waitFor(() => service.status.state === 'running');
    });

    it('waits for a start under way', async () => {
      const service = build(idleGame);
      const states = statesOf(service);
      const [started] = await Promise.all([service.start(), service.restart()]);
      await waitFor(() => service.status.state === 'running' && service.status.pid !== started.pid);
      expect(states).toEqual(['starting', 'running', 'stopping', 'stopped', 'starting', 'running']);
    });

    it('loses its second half to a stop', async () => {
      const service = build(nodeProgram(savingGame(file('saved'), file('ready'), 100)));
      await service.start();
      await exists('ready');
      const states = statesOf(service);
      await service.restart();
      await expectConflict(service.restart(), 'it is stopping.');
      await expect(service.stop()).resolves.toMatchObject({ state: 'stopping' });
      await expectConflict(service.stop(), 'it is stopping.');
      await reach(service, 'stopped');
      await new Promise((done) => setTimeout(done, 100));
      expect(states).toEqual(['stopping', 'stopped']);
    });

    it('is stopped by a stop during its second half', async () => {
      const service = build(idleGame);
      await service.start();
      const states = statesOf(service);
      await service.restart();
      await reach(service, 'starting');
      await expect(service.stop()).resolves.toMatchObject({ state: 'stopping' });
      await waitFor(() => states.length === 6);
      expect(states).toEqual(['stopping', 'stopped', 'starting', 'running', 'stopping', 'stopped']);
    });

    it('is no reason to start again when the new game dies', async () => {
      const service = build(idleGame);
      await service.start();
      await service.restart();
      await reach(service, 'running');
      const states = statesOf(service);
      process.kill(pidOf(service), 'SIGKILL');
      await reach(service, 'stopped');
      await new Promise((done) => setTimeout(done, 100));
      expect(states).toEqual(['stopped']);
    });

    describe('that could not start the game again', () => {
      const program = () => executable(file('game'), '#!/bin/sh\nexec sleep 60\n');

      it.each<[string, () => void, RegExp]>([
        [
          'a program that has vanished',
          () => {
            rmSync(file('game'));
          },
          /program \S+game was not found/,
        ],
        [
          'a program that may not be run',
          () => {
            chmodSync(file('game'), 0o644);
          },
          /program \S+game may not be run/,
        ],
        [
          'a program that became a folder',
          () => {
            rmSync(file('game'));
            mkdirSync(file('game'));
          },
          /program \S+game may not be run/,
        ],
        [
          'a script whose interpreter is missing',
          () => {
            executable(file('game'), '#! /no/such/shell -e\n');
          },
          /is a script for \/no\/such\/shell, which cannot be run/,
        ],
        [
          'a folder that has vanished',
          () => {
            rmSync(file('cwd'), { recursive: true });
          },
          /folder \S+cwd does not exist/,
        ],
      ])('is refused, and the game runs on: %s', async (_, spoil, reason) => {
        mkdirSync(file('cwd'));
        const service = build([program()], { cwd: file('cwd') });
        const { pid } = await service.start();
        const states = statesOf(service);
        // The shell has read its script: what comes now does not concern this game.
        await waitFor(() => pid !== null && isAsleep(pid));
        spoil();
        const error = await failure(service.restart());
        expect(error).toBeInstanceOf(UnprocessableEntityException);
        expect(error.message).toMatch(/^The game server is not restarted, it runs on: /);
        expect(error.message).toMatch(reason);
        expect(service.status).toMatchObject({ state: 'running', pid });
        expect(states).toEqual([]);
      });

      it('finds a program by its name, as a start does', async () => {
        const service = build(['sh', '-c', 'exec sleep 60']);
        const first = await service.start();
        await service.restart();
        await waitFor(() => service.status.state === 'running');
        expect(service.status.pid).not.toBe(first.pid);
      });

      /** A service whose game's program has vanished while it was stopped, and is missed. */
      async function missing(): Promise<GameServerService> {
        const service = build([program()]);
        await service.start();
        service.status$.subscribe(({ state }) => {
          if (state === 'stopping') rmSync(file('game'), { force: true });
        });
        await service.restart();
        await waitFor(() => service.status.lastError?.includes('Trying again in') === true);
        expect(service.status).toMatchObject({ state: 'starting', pid: null });
        return service;
      }

      it('tries again when that shows after the stop, and says so', async () => {
        const service = await missing();
        expect(service.status.lastError).toBe(
          `The game server's program ${file('game')} was not found (VS_SERVER_COMMAND). Trying again in 0.5 s.`,
        );
        await expectConflict(service.start(), 'is starting already');
        await expectConflict(service.restart(), 'is starting already');
        program();
        await waitFor(() => service.status.state === 'running');
        expect(service.status.lastError).toBeNull();
        expect(warnings().filter((text) => text.includes('Trying again'))).not.toEqual([]);
      });

      it('is ended by a stop', async () => {
        const service = await missing();
        await expect(service.stop()).resolves.toMatchObject({ state: 'stopped' });
        expect(service.status.lastError).toMatch(/was not found \(VS_SERVER_COMMAND\)\.$/);
        expect(existsSync(file('data/game-server.json'))).toBe(false);
        program();
        await expect(service.start()).resolves.toMatchObject({ state: 'running' });
      });

      it('is ended by a shutdown', async () => {
        const service = await missing();
        await service.onApplicationShutdown();
        expect(service.status.state).toBe('stopped');
      });
    });
  });

  describe('shutdown', () => {
    it('stops the game the proper way and waits for its end', async () => {
      const service = build(nodeProgram(savingGame(file('saved'), file('ready'), 200)), {
        stopCommand: '/stop',
      });
      await service.start();
      await exists('ready');
      const group = pidOf(service);
      await service.onApplicationShutdown();
      expect(groupMembers(group)).toEqual([]);
      expect(readFileSync(file('saved'), 'utf8')).toBe('/stop');
      expect(service.status).toMatchObject({ state: 'stopped', lastExitCode: 0 });
      expect(existsSync(file('data/game-server.json'))).toBe(false);
    });

    it('completes the stream of states, and refuses a start from its beginning on', async () => {
      const service = build(idleGame);
      await service.start();
      let completed = false;
      service.status$.subscribe({ complete: () => (completed = true) });
      const shutdown = service.onApplicationShutdown();
      await waitFor(() => service.status.state === 'stopped');
      await expectConflict(service.start(), 'The API is shutting down.');
      await shutdown;
      await expectConflict(service.start(), 'The API is shutting down.');
      expect(completed).toBe(true);
    });

    it('while the game starts: stops it', async () => {
      const service = build(idleGame);
      const start = service.start();
      await service.onApplicationShutdown();
      const { pid } = await start;
      if (pid === null) throw new Error('no process');
      expect(groupMembers(pid)).toEqual([]);
      expect(service.status).toMatchObject({ state: 'stopped', lastExitSignal: 'SIGTERM' });
    });

    it('while a start fails: ends', async () => {
      const service = build([file('gone')]);
      const start = failure(service.start());
      await service.onApplicationShutdown();
      expect(await start).toBeInstanceOf(UnprocessableEntityException);
    });

    it('while the game stops: waits for its end', async () => {
      const service = build(nodeProgram(savingGame(file('saved'), file('ready'), 200)));
      await service.start();
      await exists('ready');
      await service.stop();
      await service.onApplicationShutdown();
      expect(existsSync(file('saved'))).toBe(true);
      expect(service.status.state).toBe('stopped');
    });

    it('while the rest of a dead wrapper is ended: waits for it', async () => {
      executable(file('game.js'), savingGame(file('saved'), file('ready'), 200));
      const service = build(shellProgram(`'${process.execPath}' game.js & wait`));
      await service.start();
      await exists('ready');
      process.kill(pidOf(service), 'SIGKILL');
      await reach(service, 'stopping');
      await service.onApplicationShutdown();
      expect(existsSync(file('saved'))).toBe(true);
      expect(service.status.state).toBe('stopped');
    });

    it.each(['stopping', 'starting', 'running'] as const)(
      'during a restart that is %s: leaves nothing running',
      async (state) => {
        const service = build(nodeProgram(savingGame(file('saved'), file('ready'))));
        await service.start();
        await exists('ready');
        await service.restart();
        await reach(service, state);
        await service.onApplicationShutdown();
        expect(service.status.state).toBe('stopped');
        await new Promise((done) => setTimeout(done, 50));
        expect(service.status.state).toBe('stopped');
        for (const pid of pids) expect(groupMembers(pid)).toEqual([]);
      },
    );

    it('has nothing to wait for when nothing runs, and may come twice', async () => {
      const service = build(idleGame);
      await service.onApplicationShutdown();
      await service.onApplicationShutdown();
      expect(service.status.state).toBe('stopped');
    });
  });

  describe('its record', () => {
    const name = 'data/game-server.json';

    /** A process that is none of this service's, in a group of its own. */
    async function stranger(command: readonly string[] = idleGame): Promise<number> {
      const [program = '', ...args] = command;
      const child = spawn(program, args, { detached: true, stdio: 'ignore' });
      await once(child, 'spawn');
      strangers.push(child);
      if (child.pid === undefined) throw new Error('no process');
      pids.add(child.pid);
      return child.pid;
    }

    function writeRecord(text: string): void {
      mkdirSync(file('data'), { recursive: true });
      writeFileSync(file(name), text);
    }

    it('is there while the game runs, and gone after', async () => {
      const service = build(idleGame);
      expect(existsSync(file(name))).toBe(false);
      const { pid } = await service.start();
      expect(JSON.parse(readFileSync(file(name), 'utf8'))).toMatchObject({ pid });
      await service.stop();
      expect(existsSync(file(name))).toBe(true);
      await reach(service, 'stopped');
      expect(existsSync(file(name))).toBe(false);
    });

    it('is gone after a crash of the game', async () => {
      const service = build(idleGame);
      await service.start();
      process.kill(pidOf(service), 'SIGKILL');
      await reach(service, 'stopped');
      expect(existsSync(file(name))).toBe(false);
    });

    it('keeps a second service off the same world', async () => {
      const first = build(idleGame);
      const { pid } = await first.start();
      const second = build(idleGame);
      await expectConflict(second.start(), new RegExp(`started earlier still runs \\(pid ${String(pid)}\\)`));
      expect(second.status).toMatchObject({
        state: 'stopped',
        lastError: expect.stringContaining('earlier'),
      });
      // The refused one must not take the record of the other along.
      await second.onApplicationShutdown();
      expect(existsSync(file(name))).toBe(true);
    });

    it('of a server that this process did not start refuses a start until that one has ended', async () => {
      const pid = await stranger();
      new ServerRecord(file('data')).save(pid);
      const service = build(idleGame);
      await expectConflict(service.start(), new RegExp(`pid ${pid}`));
      process.kill(pid, 'SIGKILL');
      await waitFor(() => groupMembers(pid).length === 0);
      await expect(service.start()).resolves.toMatchObject({ state: 'running', lastError: null });
    });

    it('of a server whose leader is dead refuses a start while its group lives', async () => {
      const pid = await stranger(shellProgram(`sleep 60 & touch '${file('ready')}'; exec sleep 60`));
      new ServerRecord(file('data')).save(pid);
      await exists('ready');
      const [leader] = strangers;
      leader?.kill('SIGKILL');
      await waitFor(() => !groupMembers(pid).includes(pid));
      const service = build(idleGame);
      await expectConflict(service.start(), new RegExp(`pid ${pid}`));
      process.kill(-pid, 'SIGKILL');
      await waitFor(() => groupMembers(pid).length === 0);
      await expect(service.start()).resolves.toMatchObject({ state: 'running' });
    });

    it('of a pid that now belongs to another process does not block', async () => {
      const pid = await stranger();
      writeRecord(JSON.stringify({ pid, identity: 'another', startedAt: new Date().toISOString() }));
      await expect(build(idleGame).start()).resolves.toMatchObject({ state: 'running' });
      expect(groupMembers(pid)).toEqual([pid]);
    });

    it.each([
      '',
      'null',
      '{"pid":',
      '{"pid":-1,"identity":"x","startedAt":""}',
      '{"pid":"1","identity":"x","startedAt":""}',
    ])('that cannot be read does not block: %s', async (text) => {
      writeRecord(text);
      const service = build(idleGame);
      const { pid } = await service.start();
      expect(JSON.parse(readFileSync(file(name), 'utf8'))).toMatchObject({ pid });
    });

    it('is not kept without a data folder', async () => {
      const service = build(idleGame, { dataDir: '' });
      await service.start();
      expect(existsSync(file('data'))).toBe(false);
      expect(existsSync('game-server.json')).toBe(false);
      await service.stop();
      await reach(service, 'stopped');
      expect(log.filter(({ level }) => level !== 'log')).toEqual([]);
    });

    it('that cannot be written is one warning, and is written as soon as it can be', async () => {
      writeFileSync(file('data'), 'a file, where the folder should be');
      const service = build(idleGame);
      const { pid } = await service.start();
      expect(service.status).toMatchObject({ state: 'running', lastError: null });
      expect(log.filter(({ level }) => level === 'warn')).toEqual([
        { level: 'warn', message: expect.stringMatching(/pid cannot be kept in VS_DATA_DIR: /) },
      ]);
      rmSync(file('data'));
      await waitFor(() => existsSync(file(name)));
      expect(new ServerRecord(file('data')).game()?.pid).toBe(pid);
      await service.stop();
      await reach(service, 'stopped');
      expect(service.status.lastError).toBeNull();
    });

    it('that cannot be removed is a warning, and the next start works', async () => {
      const service = build(idleGame);
      await service.start();
      rmSync(file(name));
      mkdirSync(file(name));
      await service.stop();
      await reach(service, 'stopped');
      expect(log.filter(({ level }) => level === 'warn')).toEqual([
        { level: 'warn', message: expect.stringMatching(/pid cannot be removed from VS_DATA_DIR: /) },
      ]);
      await expect(service.start()).resolves.toMatchObject({ state: 'running' });
    });
  });

  describe('in its module', () => {
    let before: NodeJS.ProcessEnv;
    beforeEach(() => {
      before = { ...process.env };
    });
    afterEach(() => {
      process.env = before;
    });

    it('reads VS_SERVER_*, is what the metrics see, and is stopped with the application', async () => {
      const script = file('a game.js');
      writeFileSync(script, savingGame(file('saved'), file('ready')));
      Object.assign(process.env, {
        VS_DATA_DIR: file('data'),
        VS_SERVER_COMMAND: `'${process.execPath}' '${script}'`,
        VS_SERVER_CWD: folder.path,
        VS_SERVER_STOP_COMMAND: '/stop',
        VS_SERVER_STOP_TIMEOUT: '60',
      });
      const module = await Test.createTestingModule({ imports: [GameServerModule] }).compile();
      const service = watch(module.get<GameServerService>(GameServer));
      await module.init();
      const { pid } = await service.start();
      expect(module.get(ServerService).gameServerPid).toBe(pid);
      await exists('ready');
      await module.close();
      expect(readFileSync(file('saved'), 'utf8')).toBe('/stop');
      expect(module.get(ServerService).gameServerPid).toBeNull();
    });
  });
});
