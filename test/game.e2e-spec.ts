import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { type GameServerStatus } from '../src/game-server/game-server-status.js';
import { ApiProcess, type WireSnapshot } from '../src/testing/api-process.mjs';
import { isAlive } from '../src/testing/kernel.js';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { waitFor } from '../src/testing/wait-for.js';
import { groupMembers } from '../src/testing/game-programs.js';

const SAMPLE_SERVER = `${process.execPath} ${resolve('examples/sample-server.mjs')}`;

describe('the whole application with the sample server', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let api: ApiProcess;
  const games = new Set<number>();

  beforeAll(async () => {
    folder = temporaryFolder();
    await startApi();
  });

  /** Each test finds an API that lives and a game that runs, whatever became of those of the one before. */
  beforeEach(async () => {
    if (!api.isRunning) await startApi();
    else if ((await status()).state === 'stopped') await api.data('server/start', 'POST');
    rmSync(saved(), { force: true });
  });

  afterAll(async () => {
    await api.kill();
    for (const pid of games) if (isAlive(pid)) process.kill(-pid, 'SIGKILL');
    folder.remove();
  });

  async function startApi(): Promise<void> {
    api = await ApiProcess.start(settings(), folder.path);
    // It starts the game, or takes it over, once it listens.
    await waitFor(async () => (await status()).state !== 'stopped');
  }

  const saved = () => join(folder.path, 'saved');

  function settings(): Record<string, string> {
    return {
      VS_METRICS_INTERVAL: '0.2',
      VS_DATA_DIR: join(folder.path, 'data'),
      VS_SERVER_COMMAND: SAMPLE_SERVER,
      VS_SERVER_AUTOSTART: 'true',
      VS_SERVER_STOP_TIMEOUT: '10',
      SAMPLE_SAVE_MS: '100',
      SAMPLE_SAVE_FILE: saved(),
    };
  }

  const status = () => api.data<GameServerStatus>('server/status');
  const current = () => api.data<WireSnapshot | null>('metrics/current');

  async function runningPid(): Promise<number> {
    await reached('running');
    const { pid } = await status();
    if (pid === null) throw new Error('running without a pid');
    games.add(pid);
    return pid;
  }

  async function measured(): Promise<void> {
    await waitFor(async () => (await current())?.gameCpuPercent != null);
  }

  const reached = (state: string) => waitFor(async () => (await status()).state === state);

  it('fills its history; the game fields go null after a stop and come back with a new pid', async () => {
    const firstPid = await runningPid();
    await measured();
    await waitFor(async () => (await api.history()).length >= 5);
    // Not in the first moments of its start.
    await waitFor(async () => {
      const latest = (await api.history()).at(-1);
      return Number(latest?.gameMemoryMb) > 20 && Number(latest?.gameCpuPercent) > 0;
    });

    expect(await api.data('server/stop', 'POST')).toMatchObject({ state: 'stopping', pid: firstPid });
    await reached('stopped');
    expect(await status()).toMatchObject({
      pid: null,
      uptimeSeconds: null,
      lastExitCode: 0,
      lastError: null,
    });
    expect(existsSync(saved())).toBe(true);
    await waitFor(async () => (await current())?.gameMemoryMb === null);
    expect(await current()).toMatchObject({ gameMemoryMb: null, gameCpuPercent: null });

    expect(await api.data('server/start', 'POST')).toMatchObject({ state: 'running' });
    expect(await runningPid()).not.toBe(firstPid);
    await measured();
  });

  it('restarts', async () => {
    const firstPid = await runningPid();
    expect(await api.data('server/restart', 'POST')).toMatchObject({ state: 'stopping' });
    await waitFor(async () => {
      const { state, pid } = await status();
      return state === 'running' && pid !== firstPid;
    });
    await runningPid();
    expect(existsSync(saved())).toBe(true);
  });

  it('answers 409 in words to what the state forbids', async () => {
    await runningPid();
    const refused = async (action: string) => {
      const response = await api.request(`api/v1alpha1/server/${action}`, { method: 'POST' });
      expect(response.status).toBe(409);
      return ((await response.json()) as { message: string }).message;
    };
    expect(await refused('start')).toMatch(/running already/);
    await api.data('server/stop', 'POST');
    await reached('stopped');
    expect(await refused('stop')).toMatch(/not running/);
    expect(await refused('restart')).toMatch(/not running/);
  });

  describe('after a killed API', () => {
    /** Pid of the game that the API, killed and started again, finds running. */
    async function outlived(): Promise<number> {
      const pid = await runningPid();
      await api.kill();
      await startApi();
      return pid;
    }

    it('takes over the game that goes on, and says so once', async () => {
      const pid = await outlived();
      expect(await status()).toMatchObject({ state: 'running', pid, lastError: null });
      expect((await status()).uptimeSeconds).toBeGreaterThanOrEqual(0);
      expect(api.output.match(new RegExp(`still runs \\(pid ${pid}\\); taking it over`, 'g'))).toHaveLength(
        1,
      );
      expect(api.output).not.toContain('was not started');
      await measured();
      expect((await current())?.gameMemoryMb).toBeGreaterThan(20);

      const response = await api.request('api/v1alpha1/server/start', { method: 'POST' });
      expect(response.status).toBe(409);
      expect(await response.text()).toContain(`pid ${pid}`);
    });

    it('stops it by signals, and starts another', async () => {
      const pid = await outlived();
      expect(await api.data('server/stop', 'POST')).toMatchObject({ state: 'stopping', pid });
      await reached('stopped');
      expect(groupMembers(pid)).toEqual([]);
      expect(await status()).toMatchObject({ pid: null, lastExitCode: null, lastExitSignal: null });
      expect(await api.data('server/start', 'POST')).toMatchObject({ state: 'running' });
      expect(await runningPid()).not.toBe(pid);
    });

    it('restarts it', async () => {
      const pid = await outlived();
      await api.data('server/restart', 'POST');
      await waitFor(async () => {
        const now = await status();
        return now.state === 'running' && now.pid !== pid;
      });
      expect(groupMembers(pid)).toEqual([]);
      await runningPid();
    });

    it('notices its end', async () => {
      const pid = await outlived();
      process.kill(pid, 'SIGKILL');
      await reached('stopped');
      expect((await status()).lastError).toMatch(/ended unasked; how is not known/);
    });

    it('takes it over a second time, and stops it at its own shutdown', async () => {
      await outlived();
      const pid = await outlived();
      expect(await status()).toMatchObject({ state: 'running', pid });
      api.child.kill('SIGTERM');
      expect(await api.exited).toEqual({ code: 0, signal: null });
      expect(groupMembers(pid)).toEqual([]);
    });

    it('leaves a game alone whose API lives', async () => {
      const pid = await runningPid();
      const second = await ApiProcess.start(settings(), folder.path);
      try {
        await waitFor(() => second.output.includes('was not started'));
        expect(await second.data('server/status')).toMatchObject({ state: 'stopped', pid: null });
        second.child.kill('SIGTERM');
        expect((await second.exited).code).toBe(0);
      } finally {
        await second.kill();
      }
      expect(await status()).toMatchObject({ state: 'running', pid });
    });
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'on %s with open connections: the game has saved and stopped, exit code 0',
    async (signal) => {
      const pid = await runningPid();
      const { port } = new URL(api.url);
      const idle = connect(Number(port), '127.0.0.1').on('error', () => undefined);
      const half = connect(Number(port), '127.0.0.1').on('error', () => undefined);
      half.write('GET /healthz HTTP/1.1\r\nHost: x\r\n');
      await api.request('healthz'); // leaves a keep-alive connection
      api.child.kill(signal);
      expect(await api.exited).toEqual({ code: 0, signal: null });
      expect(isAlive(pid)).toBe(false);
      expect(readFileSync(saved(), 'utf8')).toContain('saved');
      expect(existsSync(join(folder.path, 'data', 'game-server.json'))).toBe(false);
      idle.destroy();
      half.destroy();
    },
  );

  it('hands no key to the game', async () => {
    const pid = await runningPid();
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
    expect(environment).toContain('VS_METRICS_INTERVAL');
    expect(environment).not.toMatch(/VS_API_KEY|admin-key-of-the-test/);
  });
});

describe('a game that cannot be started', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let api: ApiProcess | undefined;

  beforeEach(() => {
    folder = temporaryFolder();
  });

  afterEach(async () => {
    await api?.kill();
    folder.remove();
  });

  it.each([
    [{ VS_SERVER_COMMAND: '/nonexistent/game --port 1' }, /program \/nonexistent\/game was not found/],
    [{ VS_SERVER_COMMAND: 'node', VS_SERVER_CWD: '/nonexistent' }, /folder \/nonexistent does not exist/],
  ])('leaves the API running and says why: %j', async (variables, reason) => {
    api = await ApiProcess.start({ ...variables, VS_DATA_DIR: '' }, folder.path);
    const response = await api.request('api/v1alpha1/server/start', { method: 'POST' });
    expect(response.status).toBe(422);
    expect(((await response.json()) as { message: string }).message).toMatch(reason);
    const status = await api.data<GameServerStatus>('server/status');
    expect(status).toMatchObject({ state: 'stopped' });
    expect(status.lastError).toMatch(reason);
  });
});
