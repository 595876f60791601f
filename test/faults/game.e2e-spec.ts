import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type GameServerStatus } from '../../src/game-server/game-server-status.js';
import { ApiProcess, type WireSnapshot } from '../../src/testing/api-process.mjs';
import { isAsleep } from '../../src/testing/children.js';
import { isAlive } from '../../src/testing/kernel.js';
import { temporaryFolder } from '../../src/testing/temporary-folder.js';
import { waitFor } from '../../src/testing/wait-for.js';
import { freePort } from '../support/free-port.js';
import { describeWith } from '../../src/testing/components.js';
import { kernelRssMib, kernelZombies, openDescriptors } from '../../src/testing/kernel.js';

let folder: ReturnType<typeof temporaryFolder>;
let api: ApiProcess | undefined;
const games = new Set<number>();

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(async () => {
  await api?.kill();
  for (const pid of games) if (isAlive(pid)) process.kill(-pid, 'SIGKILL');
  games.clear();
  folder.remove();
});

async function start(command: string, variables: Record<string, string> = {}): Promise<[ApiProcess, number]> {
  const started = await ApiProcess.start(
    {
      VS_METRICS_INTERVAL: '0.1',
      VS_DATA_DIR: join(folder.path, 'data'),
      VS_SERVER_COMMAND: command,
      VS_SERVER_STOP_TIMEOUT: '0.5',
      ...variables,
    },
    folder.path,
  );
  api = started;
  return [started, await startGame(started)];
}

async function startGame(of: ApiProcess): Promise<number> {
  const { pid } = await of.data<GameServerStatus>('server/start', 'POST');
  if (pid === null) throw new Error('no pid');
  games.add(pid);
  return pid;
}

/** The newest sample; there is one from the start on. */
const current = (of: ApiProcess) => of.data<WireSnapshot>('metrics/current');

/** Waits for `count` samples more and answers with the newest. */
async function samplesLater(of: ApiProcess, count: number): Promise<WireSnapshot> {
  let { timestamp } = await current(of);
  for (let i = 0; i < count; i++) {
    await waitFor(async () => (await current(of)).timestamp !== timestamp);
    ({ timestamp } = await current(of));
  }
  return current(of);
}

/** The children of a process's first thread. */
function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return children === '' ? [] : children.split(' ').map(Number);
}

async function measured(of: ApiProcess): Promise<void> {
  await waitFor(async () => (await current(of)).gameMemoryMb !== null);
}

async function stopped(of: ApiProcess): Promise<GameServerStatus> {
  await of.data('server/stop', 'POST');
  await waitFor(async () => (await of.data<GameServerStatus>('server/status')).state === 'stopped');
  return of.data<GameServerStatus>('server/status');
}

describe('a game that', () => {
  const ownFolder = temporaryFolder();
  const script = join(ownFolder.path, 'game.sh');
  let app: ApiProcess;

  beforeAll(async () => {
    app = await ApiProcess.start(
      {
        VS_METRICS_INTERVAL: '0.1',
        VS_DATA_DIR: '',
        VS_SERVER_COMMAND: `sh ${script}`,
        VS_SERVER_STOP_TIMEOUT: '1',
      },
      ownFolder.path,
    );
  });

  afterAll(async () => {
    await app.kill();
    ownFolder.remove();
  });

  /** Starts a game of this shell script, when nothing of the one before is to be seen; answers with its pid. */
  async function play(text: string): Promise<number> {
    writeFileSync(script, text);
    await waitFor(async () => (await app.data<GameServerStatus>('server/status')).state === 'stopped');
    await waitFor(async () => (await current(app)).gameMemoryMb === null);
    return startGame(app);
  }

  it('is halted (SIGSTOP) uses nothing and keeps its memory, and goes on', async () => {
    const pid = await play('while :; do :; done');
    await waitFor(async () => ((await current(app)).gameCpuPercent ?? 0) > 30);
    process.kill(pid, 'SIGSTOP');
    await waitFor(async () => (await current(app)).gameCpuPercent === 0);
    expect((await current(app)).gameMemoryMb).toBeGreaterThan(0);
    process.kill(pid, 'SIGCONT');
    await waitFor(async () => ((await current(app)).gameCpuPercent ?? 0) > 30);
  });

  it.each([
    ['lines', 'yes'],
    ['no newline at all', 'cat /dev/zero'],
  ])('writes as fast as it can, %s: neither side stops, memory stays bounded', async (_what, command) => {
    const pid = await play(`exec ${command}`);
    await measured(app);
    const before = (await current(app)).apiMemoryMb;
    const after = await samplesLater(app, 20);
    expect(isAlive(pid)).toBe(true);
    await waitFor(async () => Number((await current(app)).gameCpuPercent) > 1);
    expect(after.apiMemoryMb).toBeLessThan(before + 100);
    expect((await stopped(app)).lastExitSignal).toBe('SIGTERM');
  });

  it('closes its console is stopped by signal', async () => {
    const pid = await play('exec 0<&-; exec sleep 60');
    await measured(app);
    expect(await stopped(app)).toMatchObject({ lastExitSignal: 'SIGTERM', lastError: null });
    expect(isAlive(pid)).toBe(false);
  });

  it('ignores its console and SIGTERM is killed', async () => {
    const pid = await play('trap "" TERM; while :; do sleep 0.1; done');
    await measured(app);
    expect(await stopped(app)).toMatchObject({ lastExitSignal: 'SIGKILL' });
    expect(isAlive(pid)).toBe(false);
  });

  it('leaves a zombie behind is measured as what lives of it', async () => {
    const pid = await play('sleep 60 & exec sleep 60');
    await waitFor(() => isAsleep(pid) && childrenOf(pid).every(isAsleep));
    await waitFor(async () => ((await current(app)).gameMemoryMb ?? 0) > 1.5 * kernelRssMib(pid));
    for (const child of childrenOf(pid)) process.kill(child, 'SIGKILL');
    await waitFor(async () => ((await current(app)).gameMemoryMb ?? Infinity) < 1.5 * kernelRssMib(pid));
    expect(Math.abs(((await current(app)).gameMemoryMb ?? NaN) - kernelRssMib(pid))).toBeLessThan(0.01);
    expect(kernelZombies(pid)).toBe(1);
  });

  it('is started by a wrapper is measured whole', async () => {
    const pid = await play(`"${process.execPath}" -e 'for (;;);'; true`);
    await waitFor(async () => ((await current(app)).gameCpuPercent ?? 0) > 30);
    await waitFor(async () => Number((await current(app)).gameMemoryMb) > kernelRssMib(pid) + 20);
  });
});

describe('an API', () => {
  it('without free descriptors goes on, says so once, and recovers', async () => {
    const [app, pid] = await start(`sh -c "trap 'sleep 60 &' USR1; sleep 60 & while :; do wait; done"`);
    await measured(app);
    // Before its trap is set, the signal would end it.
    await waitFor(() => childrenOf(pid).length > 0);
    const { pid: apiPid = 0 } = app.child;
    execFileSync('prlimit', ['--pid', String(apiPid), '--nofile=3:']);
    // What is known is read from files that are open; a new child would need some.
    process.kill(pid, 'SIGUSR1');
    await waitFor(() => /cannot be measured: EMFILE/.test(app.output));
    execFileSync('prlimit', ['--pid', String(apiPid), '--nofile=1024:']);
    await waitFor(() => /can be measured again/.test(app.output));
    await measured(app);
    expect(app.output.match(/cannot be measured/g)).toHaveLength(1);
    expect(isAlive(pid)).toBe(true);
  });

  it('without free descriptors refuses a restart, and the game runs on', async () => {
    const [app, pid] = await start('sleep 60');
    await measured(app);
    const { pid: apiPid = 0 } = app.child;
    // Room for the request, and not for a program.
    execFileSync('prlimit', ['--pid', String(apiPid), `--nofile=${openDescriptors(apiPid) + 4}:`]);
    const response = await app.request('api/v1alpha1/server/restart', { method: 'POST' });
    execFileSync('prlimit', ['--pid', String(apiPid), '--nofile=1024:']);
    expect(response.status).toBe(422);
    expect(await response.text()).toMatch(/not restarted, it runs on: The API has no free descriptors/);
    expect(await app.data('server/status')).toMatchObject({ state: 'running', pid });
  });

  it('without free descriptors does not take a game that it took over for ended', async () => {
    const [first, pid] = await start('sleep 60');
    await first.kill();
    const app = await ApiProcess.start(
      { VS_METRICS_INTERVAL: '0.1', VS_DATA_DIR: join(folder.path, 'data'), VS_SERVER_COMMAND: 'sleep 60' },
      folder.path,
    );
    api = app;
    await measured(app);
    const { pid: apiPid = 0 } = app.child;
    execFileSync('prlimit', ['--pid', String(apiPid), '--nofile=3:']);
    // Its end is looked for every 0.5 s.
    await delay(2000);
    execFileSync('prlimit', ['--pid', String(apiPid), '--nofile=1024:']);
    expect(await app.data('server/status')).toMatchObject({ state: 'running', pid });
    expect(app.output).not.toContain('ended unasked');
  });
});

describeWith('OpenTTD', '/usr/games/openttd')('a game that forks and exits (OpenTTD -f)', () => {
  it('ends as a command that has ended, with a line that says so, and does not hang the API', async () => {
    const config = join(folder.path, 'openttd.cfg');
    const [app] = await start(
      `/usr/games/openttd -f -D 127.0.0.1:${await freePort()} -c ${config} -g -G 42 -x`,
      {
        HOME: folder.path,
        XDG_DATA_HOME: join(folder.path, 'share'),
      },
    );
    await waitFor(async () => (await app.data<GameServerStatus>('server/status')).state === 'stopped');
    expect(await app.data('server/status')).toMatchObject({ lastExitCode: 0, pid: null });
    expect((await samplesLater(app, 2)).gameMemoryMb).toBeNull();
  });
});
