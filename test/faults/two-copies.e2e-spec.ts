import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { type GameServerStatus } from '../../src/game-server/game-server-status.js';
import { ApiProcess, MAIN } from '../../src/testing/api-process.mjs';
import { isAlive } from '../../src/testing/kernel.js';
import { temporaryFolder } from '../../src/testing/temporary-folder.js';
import { waitFor } from '../../src/testing/wait-for.js';
import { executable } from '../../src/testing/game-programs.js';
import { describeWithNamespaces, UNSHARE } from '../support/namespaces.js';

let folder: ReturnType<typeof temporaryFolder>;
let apis: ApiProcess[];
/** The game: its argument is found in no other process. */
let game: string;

beforeEach(() => {
  folder = temporaryFolder();
  apis = [];
  game = `60.${process.pid}${Date.now()}`;
});

afterEach(async () => {
  await Promise.all(apis.map((api) => api.kill()));
  for (const pid of games()) process.kill(pid, 'SIGKILL');
  folder.remove();
});

async function start(variables: Record<string, string> = {}, under: readonly string[] = []) {
  const api = await ApiProcess.start(
    { VS_DATA_DIR: join(folder.path, 'data'), VS_SERVER_COMMAND: `sleep ${game}`, ...variables },
    folder.path,
    { command: [...under, process.execPath, MAIN] },
  );
  apis.push(api);
  return api;
}

/** The pids, as seen from here, of all games that run. */
function games(): number[] {
  const table = execFileSync('ps', ['-A', '-o', 'pid=', '-o', 'stat=', '-o', 'args='], { encoding: 'utf8' });
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, state, ...args]) => state?.startsWith('Z') === false && args.join(' ') === `sleep ${game}`)
    .map(([pid]) => Number(pid));
}

const status = (api: ApiProcess) => api.data<GameServerStatus>('server/status');

async function answer(api: ApiProcess, action: string): Promise<{ status: number; message: string }> {
  const response = await api.request(`api/v1alpha1/server/${action}`, { method: 'POST' });
  const { message = '' } = (await response.json()) as { message?: string };
  return { status: response.status, message };
}

describeWithNamespaces()('two containers on one VS_DATA_DIR', () => {
  it('run one game: the second says who has the folder, and may start one when the first has ended', async () => {
    const first = await start({}, UNSHARE);
    const second = await start({ VS_SERVER_AUTOSTART: 'true' }, UNSHARE);
    expect((await answer(first, 'start')).status).toBe(200);
    expect(await answer(second, 'start')).toEqual({
      status: 409,
      message: expect.stringMatching(/Another copy of this app has the folder .*end it first.*VS_DATA_DIR/),
    });
    expect(games()).toHaveLength(1);
    await second.waitForOutput(/Another copy of this app has/);

    await first.kill();
    await waitFor(() => second.output.includes('The other copy of this app has ended'));
    await waitFor(() => games().length === 0);
    expect((await answer(second, 'start')).status).toBe(200);
    expect(games()).toHaveLength(1);
  });
});

describe('two APIs on one VS_DATA_DIR', () => {
  it('that are told to start at once run one game; when its API is killed, the other takes it over', async () => {
    const both = await Promise.all([start(), start()]);
    const answers = await Promise.all(both.map((api) => answer(api, 'start')));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(games()).toHaveLength(1);
    const [pid = NaN] = games();

    const winner = both.find((_, i) => answers[i]?.status === 200);
    const other = both.find((api) => api !== winner);
    if (winner === undefined || other === undefined) throw new Error('no winner');
    expect(await status(other)).toMatchObject({ state: 'stopped', pid: null });
    expect((await answer(other, 'stop')).status).toBe(409);
    await winner.kill();
    expect(isAlive(pid)).toBe(true);
    await waitFor(async () => (await status(other)).pid === pid);
    await answer(other, 'stop');
    await waitFor(() => games().length === 0);
  });
});

describe('an API that is killed while it starts the game', () => {
  it('finds it at its next start', async () => {
    // The game itself kills the API, at the first moment at which it can.
    const program = executable(
      join(folder.path, 'game'),
      `#!/bin/sh\nif mkdir killed 2>/dev/null; then kill -9 $PPID; fi\nexec sleep ${game}\n`,
    );
    const settings = { VS_SERVER_COMMAND: program, VS_SERVER_AUTOSTART: 'true' };
    const killed = ApiProcess.spawn({ VS_DATA_DIR: join(folder.path, 'data'), ...settings }, folder.path);
    expect((await killed.exited).signal).toBe('SIGKILL');
    const next = await start(settings);
    await waitFor(async () => (await status(next)).state === 'running');
    await next.waitForOutput(/taking it over/);
    expect(games()).toEqual([(await status(next)).pid]);
    next.child.kill('SIGTERM');
    expect((await next.exited).code).toBe(0);
    expect(games()).toEqual([]);
  });
});
