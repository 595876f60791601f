import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder, waitFor } from '../../test/support/api-process.js';
import {
  groupMembers,
  hasEnded,
  idleGame,
  makeZombie,
  shellProgram,
} from '../../test/support/game-programs.js';
import { processIdentity } from './process-identity.js';
import { ServerRecord } from './server-record.js';

describe('ServerRecord', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let dataDir: string;
  let file: string;
  let record: ServerRecord;
  let children: ChildProcess[];

  beforeEach(() => {
    folder = temporaryFolder();
    dataDir = join(folder.path, 'some', 'data');
    file = join(dataDir, 'game-server.json');
    record = new ServerRecord(dataDir);
    children = [];
  });

  afterEach(async () => {
    jest.useRealTimers();
    for (const child of children) {
      if (child.pid !== undefined && groupMembers(child.pid).length > 0) process.kill(-child.pid, 'SIGKILL');
      await hasEnded(child);
    }
    folder.remove();
  });

  function run([program = '', ...args]: readonly string[]): { child: ChildProcess; pid: number } {
    const child = spawn(program, args, { detached: true, stdio: 'ignore' });
    children.push(child);
    if (child.pid === undefined) throw new Error('no process');
    return { child, pid: child.pid };
  }

  async function end(child: ChildProcess): Promise<void> {
    child.kill('SIGKILL');
    await hasEnded(child);
  }

  /** A leader that has died, and whose group lives on. */
  async function headlessGroup(): Promise<{ pid: number; identity: string }> {
    const ready = join(folder.path, 'ready');
    const { child, pid } = run(shellProgram(`sleep 60 & touch '${ready}'; exec sleep 60`));
    await waitFor(() => existsSync(ready));
    const identity = processIdentity(pid) ?? '';
    await end(child);
    expect(groupMembers(pid)).toHaveLength(1);
    return { pid, identity };
  }

  const alivePid = (of: ServerRecord) => of.game()?.pid ?? null;

  function write(content: unknown): void {
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(file, JSON.stringify(content));
  }

  it('makes its folder, and remembers a process for as long as that lives', async () => {
    const { child, pid } = run(idleGame);
    expect(alivePid(record)).toBeNull();
    record.save(pid);
    expect(readdirSync(dataDir)).toEqual(['game-server.json', 'metrics.lock']);
    expect(alivePid(new ServerRecord(dataDir))).toBe(pid);
    await end(child);
    expect(alivePid(record)).toBeNull();
  });

  it('says when the process was started', () => {
    record.save(run(idleGame).pid);
    const { startedAt } = JSON.parse(readFileSync(file, 'utf8')) as { startedAt: string };
    expect(Math.abs(Date.parse(startedAt) - Date.now())).toBeLessThan(5000);
    expect(startedAt).toMatch(/Z$/);
  });

  it('replaces what it remembered', () => {
    const [first, second] = [run(idleGame), run(idleGame)];
    record.save(first.pid);
    record.save(second.pid);
    expect(alivePid(record)).toBe(second.pid);
  });

  it('forgets, also what it never knew', () => {
    record.save(run(idleGame).pid);
    record.clear();
    expect(alivePid(record)).toBeNull();
    expect(readdirSync(dataDir)).toEqual(['metrics.lock']);
    expect(() => {
      record.clear();
    }).not.toThrow();
  });

  it('does not take another process with the same pid for the one remembered', () => {
    const { pid } = run(idleGame);
    write({ pid, identity: processIdentity(process.pid), startedAt: '' });
    expect(alivePid(record)).toBeNull();
  });

  it('remembers the group of a leader that has died', async () => {
    const { pid, identity } = await headlessGroup();
    write({ pid, identity, startedAt: '' });
    expect(alivePid(record)).toBe(pid);
    process.kill(-pid, 'SIGKILL');
    await waitFor(() => groupMembers(pid).length === 0);
    expect(alivePid(record)).toBeNull();
  });

  it('does not take a group with the same number for the one remembered before a reboot', async () => {
    const { pid } = await headlessGroup();
    write({ pid, identity: '11111111-2222-3333-4444-555555555555 100', startedAt: '' });
    expect(alivePid(record)).toBeNull();
  });

  it('takes a zombie for dead', async () => {
    const zombie = await makeZombie();
    try {
      const [bootId] = (processIdentity(process.pid) ?? '').split(' ');
      write({ pid: zombie.pid, identity: `${String(bootId)} 100`, startedAt: '' });
      expect(alivePid(record)).toBeNull();
    } finally {
      await zombie.free();
    }
  });

  it('does not keep a process that has ended already', async () => {
    const { child, pid } = run(idleGame);
    await end(child);
    record.save(pid);
    expect(existsSync(dataDir)).toBe(false);
  });

  it('keeps nothing without a folder', () => {
    const nowhere = new ServerRecord('');
    nowhere.save(run(idleGame).pid);
    expect(alivePid(nowhere)).toBeNull();
    nowhere.clear();
    expect(existsSync('game-server.json')).toBe(false);
    expect(existsSync('/game-server.json')).toBe(false);
  });

  it('says once that it cannot write, and tries again until it is to forget', () => {
    jest.useFakeTimers({ doNotFake: ['performance'] });
    const warnings: string[] = [];
    const ignore = () => undefined;
    Logger.overrideLogger({ log: ignore, error: ignore, warn: (text: string) => warnings.push(text) });
    const blocker = join(folder.path, 'some');
    writeFileSync(blocker, 'a file, where the folder should be');
    const { pid } = run(idleGame);
    record.save(pid);
    jest.advanceTimersByTime(5000);
    expect(warnings).toEqual([expect.stringMatching(/cannot be kept in VS_DATA_DIR: .*ENOTDIR/)]);
    rmSync(blocker);
    jest.advanceTimersByTime(1000);
    expect(alivePid(record)).toBe(pid);

    rmSync(blocker, { recursive: true });
    writeFileSync(blocker, 'again');
    record.save(pid);
    record.clear();
    rmSync(blocker);
    jest.advanceTimersByTime(5000);
    expect(existsSync(dataDir)).toBe(false);
    expect(jest.getTimerCount()).toBe(0);
  });
});
