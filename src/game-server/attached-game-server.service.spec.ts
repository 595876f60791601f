import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Test, type TestingModule } from '@nestjs/testing';
import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, kernelAgeMs } from '../testing/kernel.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { waitFor } from '../testing/wait-for.js';
import { hasEnded } from '../testing/game-programs.js';
import { AttachedGameServerService } from './attached-game-server.service.js';
import { GameServerStateError } from './game-server-errors.js';
import { GameServer } from './game-server.js';
import { GameServerService } from './game-server.service.js';
import { GameServerModule } from './game-server.module.js';
import { ServerService } from '../metrics/server.service.js';

describe('AttachedGameServerService', () => {
  const original = process.env;
  let folder: ReturnType<typeof temporaryFolder>;
  let path: string;
  let game: ChildProcess;
  let module: TestingModule | undefined;

  beforeEach(() => {
    folder = temporaryFolder();
    path = join(folder.path, 'game.pid');
    game = spawn('sleep', ['60'], { stdio: 'ignore' });
    process.env = { ...original };
  });

  afterEach(async () => {
    await module?.close();
    process.env = original;
    game.kill('SIGKILL');
    await hasEnded(game);
    folder.remove();
  });

  async function build(pidFile: string): Promise<GameServer> {
    Object.assign(process.env, { VS_DATA_DIR: '', VS_SERVER_PID_FILE: pidFile });
    module = await Test.createTestingModule({ imports: [GameServerModule] }).compile();
    await module.init();
    return module.get(GameServer);
  }

  it('is what the module provides when VS_SERVER_PID_FILE is set, and only then', async () => {
    expect(await build('')).toBeInstanceOf(GameServerService);
    await module?.close();
    const server = await build(path);
    expect(server).toBeInstanceOf(AttachedGameServerService);
    expect(module?.get(ServerService)).toBe(server);
  });

  it('is running while the file leads to a process, else stopped with the reason', async () => {
    const server = await build(path);
    expect(server.gameServerPid).toBeNull();
    expect(server.status).toEqual({
      state: 'stopped',
      controllable: false,
      pid: null,
      uptimeSeconds: null,
      lastExitCode: null,
      lastExitSignal: null,
      lastError: `The game server's pid file ${path} does not exist (VS_SERVER_PID_FILE).`,
      restartAt: null,
    });
    writeFileSync(path, String(game.pid));
    expect(server.gameServerPid).toBe(game.pid);
    expect(server.status).toMatchObject({
      state: 'running',
      pid: game.pid,
      lastError: null,
      restartAt: null,
    });
    rmSync(path);
    expect(server.status).toMatchObject({ state: 'stopped', pid: null });
  });

  it('counts the seconds since the process started', async () => {
    const server = await build(path);
    writeFileSync(path, String(game.pid));
    const pid = game.pid ?? NaN;
    await waitFor(() => (server.status.uptimeSeconds ?? 0) >= 1);
    const atLeast = Math.floor(kernelAgeMs(pid) / 1000);
    const { uptimeSeconds } = server.status;
    expect(uptimeSeconds).toBeGreaterThanOrEqual(atLeast);
    expect(uptimeSeconds).toBeLessThanOrEqual(kernelAgeMs(pid) / 1000);
  });

  it.each(['start', 'stop', 'restart'] as const)('refuses to %s, with the reason', async (action) => {
    const server = await build(path);
    writeFileSync(path, String(game.pid));
    const error: unknown = await server[action]().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(GameServerStateError);
    expect((error as Error).message).toContain(`something else runs it and writes ${path}`);
  });

  it('leaves the process alone at shutdown', async () => {
    await build(path);
    writeFileSync(path, String(game.pid));
    await module?.close();
    expect(isAlive(game.pid ?? 0)).toBe(true);
    expect(game.signalCode).toBeNull();
  });
});
