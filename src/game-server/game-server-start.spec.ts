import { describe, expect, it } from '@jest/globals';
import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  asNobody,
  executable,
  groupMembers,
  idleGame,
  nodeProgram,
  savingGame,
  shellProgram,
} from '../testing/game-programs.js';
import {
  expectConflict,
  failure,
  gameServerLife,
  pidOf,
  reach,
  statesOf,
} from '../testing/game-server-life.js';
import { waitFor } from '../testing/wait-for.js';
import { type GameServerConfig } from './game-server.config.js';
import { GameServerStartError } from './game-server-errors.js';
import { type GameServerStatus } from './game-server-status.js';

const { folder, pids, log, file, build, exists } = gameServerLife();

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
      restartAt: null,
    });
    const askedMs = performance.now();
    const status = await service.start();
    expect(status.uptimeSeconds).toBeLessThanOrEqual((performance.now() - askedMs) / 1000);
    expect(status).toEqual({
      state: 'running',
      controllable: true,
      pid: expect.any(Number),
      uptimeSeconds: expect.any(Number),
      lastExitCode: null,
      lastExitSignal: null,
      lastError: null,
      restartAt: null,
    });
    expect(groupMembers(pidOf(service))).toEqual([status.pid]);
    expect(service.gameServerPid).toBe(status.pid);
  });

  it('counts the seconds since', async () => {
    const service = build(idleGame);
    const askedMs = performance.now();
    await service.start();
    const startedMs = performance.now();
    await waitFor(() => service.status.uptimeSeconds !== 0);
    const atLeast = Math.floor((performance.now() - startedMs) / 1000);
    const { uptimeSeconds } = service.status;
    expect(uptimeSeconds).toBeGreaterThanOrEqual(Math.max(1, atLeast));
    expect(uptimeSeconds).toBeLessThanOrEqual((performance.now() - askedMs) / 1000);
  });

  it('goes through the states in order, up to the end', async () => {
    const service = build(idleGame);
    const all: GameServerStatus[] = [];
    service.gameServerChanged$.subscribe((status) => all.push(status));
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
      lastError: 'The game server ended with exit code 3.',
      restartAt: null,
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
    ['a program not in the PATH', () => ({ command: ['no-such-game', '-x'] }), /no-such-game was not found/],
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
      expect(error).toBeInstanceOf(GameServerStartError);
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
    expect(error).toBeInstanceOf(GameServerStartError);
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
