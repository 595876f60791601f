import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { kernelState } from '../testing/kernel.js';
import { waitFor } from '../testing/wait-for.js';
import {
  executable,
  groupMembers,
  idleGame,
  nodeProgram,
  shellProgram,
  stubbornGame,
} from '../testing/game-programs.js';
import { GameProcess } from './game-process.js';

describe('GameProcess', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let games: GameProcess[];

  beforeEach(() => {
    folder = temporaryFolder();
    games = [];
  });

  afterEach(async () => {
    await Promise.all(games.map((game) => game.end('', 0)));
    const left = games.flatMap(({ pid }) => groupMembers(pid));
    for (const pid of left) process.kill(pid, 'SIGKILL');
    folder.remove();
    expect(left).toEqual([]);
  });

  async function run(command: readonly string[]): Promise<GameProcess> {
    const game = await GameProcess.spawn(command, folder.path, 'a-mark');
    games.push(game);
    return game;
  }

  it.each([
    ['ENOENT', () => ['./gone']],
    ['EACCES', () => [executable(join(folder.path, 'plain'), 'text', 0o644)]],
    ['ERR_INVALID_ARG_VALUE', () => ['']],
    ['ERR_INVALID_ARG_VALUE', () => []],
  ])('rejects with %s when the program cannot be run', async (code, command) => {
    await expect(GameProcess.spawn(command(), folder.path, 'a-mark')).rejects.toMatchObject({ code });
  });

  it('finds a program relative to its folder', async () => {
    executable(join(folder.path, 'game'), '#!/bin/sh\nexit 4\n');
    await expect((await run(['./game'])).exited).resolves.toEqual({ code: 4, signal: null });
  });

  it('tells how it ended, once it has', async () => {
    const game = await run(idleGame);
    expect([game.isRunning, game.isAlive]).toEqual([true, true]);
    process.kill(game.pid, 'SIGINT');
    await expect(game.exited).resolves.toEqual({ code: null, signal: 'SIGINT' });
    expect([game.isRunning, game.isAlive]).toEqual([false, false]);
    await game.ended();
  });

  it('is alive while a process of its group is', async () => {
    const game = await run(shellProgram('sleep 60 & read line'));
    await waitFor(() => groupMembers(game.pid).length === 2);
    process.kill(game.pid, 'SIGKILL');
    await game.exited;
    expect([game.isRunning, game.isAlive]).toEqual([false, true]);
    let ended = false;
    const ending = game.ended().then(() => (ended = true));
    await new Promise((done) => setTimeout(done, 100));
    expect(ended).toBe(false);
    await game.end('', 5000);
    await ending;
    expect(groupMembers(game.pid)).toEqual([]);
  });

  it.each(['stdout', 'stderr'])(
    'is never blocked by 25 MB on %s; the last 200 lines are kept',
    async (stream) => {
      const game = await run(
        nodeProgram(`
        const block = ('x'.repeat(1023) + '\\n').repeat(1024);
        for (let count = 0; count < 25; count++) process.${stream}.write(block);
        for (let line = 1; line <= 250; line++) process.${stream}.write('line ' + line + '\\n');`),
      );
      await expect(game.exited).resolves.toEqual({ code: 0, signal: null });
      // What it wrote last may be read after its end is seen.
      await waitFor(() => game.outputTail().at(-1) === 'line 250');
      expect(game.outputTail()).toEqual(Array.from({ length: 200 }, (_, index) => `line ${index + 51}`));
    },
  );

  it('gets its console command as a line', async () => {
    const game = await run(shellProgram('read line; echo "<$line>"'));
    await game.end('/stop now', 30_000);
    await expect(game.exited).resolves.toEqual({ code: 0, signal: null });
    await waitFor(() => game.outputTail().length > 0);
    expect(game.outputTail()).toEqual(['</stop now>']);
  });

  it('is ended at once with a timeout of 0, whatever it ignores', async () => {
    const ready = join(folder.path, 'ready');
    const game = await run(stubbornGame(ready));
    await waitFor(() => existsSync(ready));
    await game.end('/stop', 0);
    await expect(game.exited).resolves.toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('has heeded a signal also when this process was held up for longer than the timeout', async () => {
    const game = await run(idleGame);
    const ending = game.end('', 100);
    const untilMs = performance.now() + 200;
    while (kernelState(game.pid) !== 'Z' || performance.now() < untilMs);
    await expect(ending).resolves.toBe(false);
    await expect(game.exited).resolves.toEqual({ code: null, signal: 'SIGTERM' });
  });

  it('may be ended twice at once, and again after its end', async () => {
    const game = await run(idleGame);
    await Promise.all([game.end('', 5000), game.end('', 5000)]);
    await game.end('/stop', 5000);
    await game.end('', 5000);
    await expect(game.exited).resolves.toEqual({ code: null, signal: 'SIGTERM' });
  });
});
