import { describe, expect, it } from '@jest/globals';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import {
  asNobody,
  executable,
  groupMembers,
  idleGame,
  nodeProgram,
  otherUsersGame,
  savingGame,
  shellProgram,
  stubbornGame,
} from '../testing/game-programs.js';
import {
  expectConflict,
  gameServerLife,
  pidOf,
  reach,
  statesOf,
  STOP_TIMEOUT_MS,
} from '../testing/game-server-life.js';
import { kernelState } from '../testing/kernel.js';
import { waitFor } from '../testing/wait-for.js';
import { GameServerStartError, GameServerStateError } from './game-server-errors.js';
import { type GameServerService } from './game-server.service.js';

const { folder, log, file, build, warnings, exists } = gameServerLife();

describe('stop', () => {
  it('is refused while nothing runs', async () => {
    const service = build(idleGame);
    await expectConflict(service.stop(), 'The game server is not running, it is stopped.');
    await expectConflict(service.restart(), 'The game server is not running, it is stopped.');
  });

  it('asks on the console, and answers before the game has saved', async () => {
    const service = build(nodeProgram(savingGame(file('saved'), file('ready'))), {
      stopCommand: '/stop',
    });
    const { pid } = await service.start();
    await exists('ready');
    // Halted, it cannot save before the answer is here.
    process.kill(pidOf(service), 'SIGSTOP');
    await waitFor(() => kernelState(pidOf(service)) === 'T');
    await expect(service.stop()).resolves.toMatchObject({ state: 'stopping', pid });
    expect(existsSync(file('saved'))).toBe(false);
    process.kill(pidOf(service), 'SIGCONT');
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
    const service = build(idleGame, { stopCommand: '/stop', stopTimeoutMs: STOP_TIMEOUT_MS });
    const { pid } = await service.start();
    const askedMs = performance.now();
    await service.stop();
    const { lastExitSignal, lastError } = await reach(service, 'stopped');
    expect([lastExitSignal, lastError]).toEqual(['SIGTERM', null]);
    expect(warnings()).toEqual([
      `The game server, pid ${pid}, has not ended ${STOP_TIMEOUT_MS / 1000} s after /stop: sending SIGTERM`,
    ]);
    expect(performance.now() - askedMs).toBeGreaterThanOrEqual(STOP_TIMEOUT_MS);
  });

  it('sends SIGKILL to a game that heeds nothing, after the timeout has passed twice', async () => {
    const service = build(stubbornGame(file('ready')), {
      stopCommand: '/stop',
      stopTimeoutMs: STOP_TIMEOUT_MS,
    });
    await service.start();
    await exists('ready');
    const askedMs = performance.now();
    await service.stop();
    const { lastExitSignal, lastError } = await reach(service, 'stopped');
    expect([lastExitSignal, lastError]).toEqual(['SIGKILL', expect.stringMatching(/had to be killed/)]);
    expect(warnings().at(-1)).toMatch(/after SIGTERM: sending SIGKILL$/);
    expect(performance.now() - askedMs).toBeGreaterThanOrEqual(2 * STOP_TIMEOUT_MS);
  });

  it('goes on to SIGTERM for a game that has closed its console', async () => {
    const service = build(shellProgram(`exec 0<&-; touch '${file('ready')}'; exec sleep 60`), {
      stopCommand: '/stop',
      stopTimeoutMs: STOP_TIMEOUT_MS,
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
    await expect(start).rejects.toBeInstanceOf(GameServerStartError);
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
      if (result instanceof Error) expect(result).toBeInstanceOf(GameServerStateError);
      else expect(result).toMatchObject({ state: 'stopping' });
      await gone;
      await waitFor(() => service.status.state === 'stopped');
      expect(service.status).toMatchObject({ pid: null, lastExitSignal: 'SIGKILL' });
    }
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
