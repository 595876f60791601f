import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GameServerStatus } from '../src/game-server/game-server-status.js';
import { ApiProcess } from '../src/testing/api-process.mjs';
import { isAlive } from '../src/testing/kernel.js';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { waitFor } from '../src/testing/wait-for.js';
import { Children } from '../src/testing/children.js';
import { hasEnded } from '../src/testing/game-programs.js';

interface Sample {
  readonly gameMemoryMb: number | null;
  readonly gameCpuPercent: number | null;
}

describe('a game server that something else runs', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let file: string;
  let games: ChildProcess[];
  let api: ApiProcess;

  beforeEach(async () => {
    folder = temporaryFolder();
    file = join(folder.path, 'game.pid');
    games = [];
    api = await ApiProcess.start(
      { VS_METRICS_INTERVAL: '0.2', VS_DATA_DIR: '', VS_SERVER_PID_FILE: file },
      folder.path,
    );
  });

  afterEach(async () => {
    await api.kill();
    for (const game of games) {
      game.kill('SIGKILL');
      await hasEnded(game);
    }
    folder.remove();
  });

  const status = () => api.data<GameServerStatus>('server/status');
  const current = () => api.data<Sample | null>('metrics/current');
  const measured = () => waitFor(async () => (await current())?.gameCpuPercent != null);
  const unmeasured = () => waitFor(async () => (await current())?.gameMemoryMb === null);

  /** Runs a game that burns a core, and puts its pid into the file at one stroke. */
  function run(): number {
    const game = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' });
    games.push(game);
    if (game.pid === undefined) throw new Error('no process');
    writeFileSync(`${file}.new`, `${game.pid}\n`);
    renameSync(`${file}.new`, file);
    return game.pid;
  }

  it('is measured and shown, through every state of its file', async () => {
    await unmeasured();
    expect(await status()).toMatchObject({ state: 'stopped', pid: null });
    expect((await status()).lastError).toContain(`${file} does not exist`);

    writeFileSync(file, '');
    expect((await status()).lastError).toContain('is empty');

    const first = run();
    expect(await status()).toMatchObject({ state: 'running', pid: first, lastError: null });
    await waitFor(async () => ((await current())?.gameCpuPercent ?? 0) > 10);

    const second = run();
    expect(await status()).toMatchObject({ state: 'running', pid: second });
    await measured();

    utimesSync(file, 1, 1);
    expect(await status()).toMatchObject({ state: 'stopped', pid: null });
    expect((await status()).lastError).toContain('is stale');
    await unmeasured();

    const third = run();
    await measured();
    process.kill(third, 'SIGKILL');
    await unmeasured();
    expect((await status()).lastError).toContain('does not run');
    rmSync(file);
    expect((await status()).lastError).toContain('does not exist');
  });

  it('is gone when it is a zombie, which nobody waits for', async () => {
    const children = new Children();
    try {
      const { pid, becomeZombie } = await children.zombieToBe();
      writeFileSync(file, `${pid}\n`);
      await measured();
      await becomeZombie();
      await unmeasured();
      expect(await status()).toMatchObject({ state: 'stopped', pid: null });
      expect((await status()).lastError).toContain(`names process ${pid}, which does not run`);
    } finally {
      await children.end();
    }
  });

  it('is not ours to switch, nor to end at shutdown', async () => {
    const pid = run();
    for (const action of ['start', 'stop', 'restart']) {
      const response = await api.request(`api/v1alpha1/server/${action}`, { method: 'POST' });
      expect(response.status).toBe(409);
      expect(await response.text()).toContain('something else runs it');
    }
    api.child.kill('SIGTERM');
    expect((await api.exited).code).toBe(0);
    expect(isAlive(pid)).toBe(true);
  });
});
