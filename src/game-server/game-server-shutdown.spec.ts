import { describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import {
  executable,
  groupMembers,
  idleGame,
  nodeProgram,
  savingGame,
  shellProgram,
} from '../testing/game-programs.js';
import { expectConflict, failure, gameServerLife, pidOf, reach } from '../testing/game-server-life.js';
import { waitFor } from '../testing/wait-for.js';
import { GameServerStartError } from './game-server-errors.js';

const { pids, file, build, exists } = gameServerLife();

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
    service.gameServerChanged$.subscribe({ complete: () => (completed = true) });
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
    expect(await start).toBeInstanceOf(GameServerStartError);
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
