import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { hasEnded, makeZombie } from '../testing/game-programs.js';
import { clockShiftMs } from '../process/clock-shift.js';
import { PidFile } from './pid-file.js';

describe('PidFile', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let path: string;
  let file: PidFile;
  let children: ChildProcess[];

  beforeEach(() => {
    folder = temporaryFolder();
    path = join(folder.path, 'game.pid');
    file = new PidFile(path);
    children = [];
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    for (const child of children) await end(child);
    folder.remove();
  });

  function sleeper(): { child: ChildProcess; pid: number } {
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    children.push(child);
    if (child.pid === undefined) throw new Error('no process');
    return { child, pid: child.pid };
  }

  async function end(child: ChildProcess): Promise<void> {
    child.kill('SIGKILL');
    await hasEnded(child);
  }

  function expectNone(reason: string): void {
    const reading = file.read();
    expect(reading.pid).toBeNull();
    expect(reading.reason).toContain(`The game server's pid file ${path} ${reason}`);
  }

  /** Sets the file's time to so many seconds ago. */
  function age(seconds: number): void {
    const time = Date.now() / 1000 - seconds;
    utimesSync(path, time, time);
  }

  /** By how much the clock of this machine was set forward since its start, in seconds: not known, it is no evidence. */
  const setForward = () => Math.max(0, clockShiftMs() ?? NaN) / 1000;

  it.each(['', '\n', ' \n'])('leads to a process, with %j after the pid', (after) => {
    const { pid } = sleeper();
    writeFileSync(path, `${pid}${after}`);
    expect(file.read()).toEqual({ pid, reason: null });
  });

  it('says when it is absent, a folder or a named pipe', () => {
    expectNone('does not exist (VS_SERVER_PID_FILE).');
    mkdirSync(path);
    expectNone('cannot be read: not a file');
    rmSync(path, { recursive: true });
    execFileSync('mkfifo', [path]);
    expectNone('cannot be read: not a file');
  });

  it.each(['', '\n'])('says when it is empty: %j', (text) => {
    writeFileSync(path, text);
    expectNone('is empty');
  });

  it.each(['game', '-1', '0', '1.5', '12 34', '99999999999', '1'.repeat(100)])('holds no pid: %s', (text) => {
    writeFileSync(path, text);
    expectNone('holds no pid');
  });

  it('says when the process has gone', async () => {
    const { child, pid } = sleeper();
    writeFileSync(path, String(pid));
    expect(file.read().pid).toBe(pid);
    await end(child);
    expectNone(`names process ${pid}, which does not run`);
  });

  it('does not lead to a zombie', async () => {
    const { pid, free } = await makeZombie();
    try {
      writeFileSync(path, String(pid));
      expectNone(`names process ${pid}, which does not run`);
    } finally {
      await free();
    }
  });

  it('is stale when the process is younger than the file, by more than a tolerance and what the clock was set', () => {
    const { pid } = sleeper();
    writeFileSync(path, String(pid));
    age(1);
    expect(file.read().pid).toBe(pid);
    age(setForward() + 10);
    expectNone(`is stale: process ${pid} started after the file was written`);
    expect(file.read().reason).toContain('write the file anew');
    writeFileSync(path, String(pid));
    expect(file.read().pid).toBe(pid);
  });

  it('is not stale because the clock was set forward before the first look', () => {
    const { pid } = sleeper();
    writeFileSync(path, String(pid));
    const now = Date.now();
    jest.spyOn(Date, 'now').mockReturnValue(now + 2 * 3_600_000);
    expect(file.read()).toEqual({ pid, reason: null });
    // What is older than that is stale all the same.
    utimesSync(path, now / 1000 - setForward(), now / 1000 - setForward());
    expectNone('is stale');
  });

  it('keeps its answer when the clock is set, in both directions', () => {
    const { pid } = sleeper();
    writeFileSync(path, String(pid));
    const now = Date.now();
    const clock = jest.spyOn(Date, 'now');
    expect(file.read().pid).toBe(pid);
    clock.mockReturnValue(now + 3_600_000);
    expect(file.read().pid).toBe(pid);

    clock.mockReturnValue(now);
    age(setForward() + 10);
    expect(file.read().pid).toBeNull();
    clock.mockReturnValue(now - 3_600_000);
    expect(file.read().pid).toBeNull();
    clock.mockReturnValue(now + 3_600_000);
    expect(file.read().pid).toBeNull();
  });

  it('may be replaced between any two looks', () => {
    const pids = [sleeper().pid, sleeper().pid];
    for (const pid of [...pids, ...pids]) {
      writeFileSync(`${path}.new`, String(pid));
      renameSync(`${path}.new`, path);
      expect(file.read().pid).toBe(pid);
      rmSync(path);
      expectNone('does not exist');
    }
  });
});
