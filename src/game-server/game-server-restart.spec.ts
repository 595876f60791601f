import { describe, expect, it } from '@jest/globals';
import { chmodSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { isAsleep } from '../testing/children.js';
import { executable, idleGame, nodeProgram, savingGame } from '../testing/game-programs.js';
import {
  expectConflict,
  failure,
  gameServerLife,
  pidOf,
  reach,
  statesOf,
} from '../testing/game-server-life.js';
import { waitFor } from '../testing/wait-for.js';
import { GameServerStartError } from './game-server-errors.js';
import { type GameServerService } from './game-server.service.js';

const { file, build, warnings, exists } = gameServerLife();

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
      expect(error).toBeInstanceOf(GameServerStartError);
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
      service.gameServerChanged$.subscribe(({ state }) => {
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
