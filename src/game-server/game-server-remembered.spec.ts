import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { groupMembers, idleGame, shellProgram } from '../testing/game-programs.js';
import { expectConflict, gameServerLife, pidOf, reach } from '../testing/game-server-life.js';
import { waitFor } from '../testing/wait-for.js';
import { GameServerRecord } from './game-server-record.js';

const { strangers, pids, log, file, build, exists } = gameServerLife();

describe('its record', () => {
  const name = 'data/game-server.json';

  /** A process that is none of this service's, in a group of its own. */
  async function stranger(command: readonly string[] = idleGame): Promise<number> {
    const [program = '', ...args] = command;
    const child = spawn(program, args, { detached: true, stdio: 'ignore' });
    await once(child, 'spawn');
    strangers.push(child);
    if (child.pid === undefined) throw new Error('no process');
    pids.add(child.pid);
    return child.pid;
  }

  function writeRecord(text: string): void {
    mkdirSync(file('data'), { recursive: true });
    writeFileSync(file(name), text);
  }

  it('is there while the game runs, and gone after', async () => {
    const service = build(idleGame);
    expect(existsSync(file(name))).toBe(false);
    const { pid } = await service.start();
    expect(JSON.parse(readFileSync(file(name), 'utf8'))).toMatchObject({ pid });
    await service.stop();
    expect(existsSync(file(name))).toBe(true);
    await reach(service, 'stopped');
    expect(existsSync(file(name))).toBe(false);
  });

  it('is gone after a crash of the game', async () => {
    const service = build(idleGame);
    await service.start();
    process.kill(pidOf(service), 'SIGKILL');
    await reach(service, 'stopped');
    expect(existsSync(file(name))).toBe(false);
  });

  it('keeps a second service off the same world', async () => {
    const first = build(idleGame);
    const { pid } = await first.start();
    const second = build(idleGame);
    await expectConflict(second.start(), new RegExp(`started earlier still runs \\(pid ${String(pid)}\\)`));
    expect(second.status).toMatchObject({
      state: 'stopped',
      lastError: expect.stringContaining('earlier'),
    });
    // The refused one must not take the record of the other along.
    await second.onApplicationShutdown();
    expect(existsSync(file(name))).toBe(true);
  });

  it('of a server that this process did not start refuses a start until that one has ended', async () => {
    const pid = await stranger();
    new GameServerRecord(file('data')).save(pid);
    const service = build(idleGame);
    await expectConflict(service.start(), new RegExp(`pid ${pid}`));
    process.kill(pid, 'SIGKILL');
    await waitFor(() => groupMembers(pid).length === 0);
    await expect(service.start()).resolves.toMatchObject({ state: 'running', lastError: null });
  });

  it('of a server whose leader is dead refuses a start while its group lives', async () => {
    const pid = await stranger(shellProgram(`sleep 60 & touch '${file('ready')}'; exec sleep 60`));
    new GameServerRecord(file('data')).save(pid);
    await exists('ready');
    const [leader] = strangers;
    leader?.kill('SIGKILL');
    await waitFor(() => !groupMembers(pid).includes(pid));
    const service = build(idleGame);
    await expectConflict(service.start(), new RegExp(`pid ${pid}`));
    process.kill(-pid, 'SIGKILL');
    await waitFor(() => groupMembers(pid).length === 0);
    await expect(service.start()).resolves.toMatchObject({ state: 'running' });
  });

  it('of a pid that now belongs to another process does not block', async () => {
    const pid = await stranger();
    writeRecord(JSON.stringify({ pid, identity: 'another', startedAt: new Date().toISOString() }));
    await expect(build(idleGame).start()).resolves.toMatchObject({ state: 'running' });
    expect(groupMembers(pid)).toEqual([pid]);
  });

  it.each([
    '',
    'null',
    '{"pid":',
    '{"pid":-1,"identity":"x","startedAt":""}',
    '{"pid":"1","identity":"x","startedAt":""}',
  ])('that cannot be read does not block: %s', async (text) => {
    writeRecord(text);
    const service = build(idleGame);
    const { pid } = await service.start();
    expect(JSON.parse(readFileSync(file(name), 'utf8'))).toMatchObject({ pid });
  });

  it('is not kept without a data folder', async () => {
    const service = build(idleGame, { dataDir: '' });
    await service.start();
    expect(existsSync(file('data'))).toBe(false);
    expect(existsSync('game-server.json')).toBe(false);
    await service.stop();
    await reach(service, 'stopped');
    expect(log.filter(({ level }) => level !== 'log')).toEqual([]);
  });

  it('that cannot be written is one warning, and is written as soon as it can be', async () => {
    writeFileSync(file('data'), 'a file, where the folder should be');
    const service = build(idleGame);
    const { pid } = await service.start();
    expect(service.status).toMatchObject({ state: 'running', lastError: null });
    expect(log.filter(({ level }) => level === 'warn')).toEqual([
      { level: 'warn', message: expect.stringMatching(/pid cannot be kept in VS_DATA_DIR: /) },
    ]);
    rmSync(file('data'));
    await waitFor(() => existsSync(file(name)));
    expect(new GameServerRecord(file('data')).game()?.pid).toBe(pid);
    await service.stop();
    await reach(service, 'stopped');
    expect(service.status.lastError).toBeNull();
  });

  it('that cannot be removed is a warning, and the next start works', async () => {
    const service = build(idleGame);
    await service.start();
    rmSync(file(name));
    mkdirSync(file(name));
    await service.stop();
    await reach(service, 'stopped');
    expect(log.filter(({ level }) => level === 'warn')).toEqual([
      { level: 'warn', message: expect.stringMatching(/pid cannot be removed from VS_DATA_DIR: /) },
    ]);
    await expect(service.start()).resolves.toMatchObject({ state: 'running' });
  });
});
