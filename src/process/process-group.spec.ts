import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { waitFor } from '../testing/wait-for.js';
import {
  asNobody,
  groupMembers,
  hasEnded,
  idleGame,
  makeZombie,
  otherUsersGame,
  shellProgram,
} from '../testing/game-programs.js';
import { isGroupAlive, signalGroup } from './process-group.js';

describe('a process group', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let ready: string;
  let leader: ChildProcess;
  let pid: number;

  beforeEach(() => {
    folder = temporaryFolder();
    ready = join(folder.path, 'ready');
  });

  afterEach(async () => {
    if (groupMembers(pid).length > 0) process.kill(-pid, 'SIGKILL');
    await hasEnded(leader);
    folder.remove();
  });

  function lead([program = '', ...args]: readonly string[]): void {
    leader = spawn(program, args, { detached: true, stdio: 'ignore' });
    if (leader.pid === undefined) throw new Error('no process');
    pid = leader.pid;
  }

  it('gets a signal as a whole', async () => {
    lead(shellProgram(`sleep 60 & sleep 60 & touch '${ready}'; wait`));
    await waitFor(() => existsSync(ready));
    await waitFor(() => groupMembers(pid).length === 3);
    signalGroup(pid, 'SIGTERM');
    await waitFor(() => groupMembers(pid).length === 0);
    await hasEnded(leader);
    expect(leader.signalCode).toBe('SIGTERM');
  });

  it('lives as long as one of its processes, not only its leader', async () => {
    lead(shellProgram(`sleep 60 & touch '${ready}'; exec sleep 60`));
    await waitFor(() => existsSync(ready));
    expect(isGroupAlive(pid)).toBe(true);
    leader.kill('SIGKILL');
    await hasEnded(leader);
    expect(isGroupAlive(pid)).toBe(true);
    signalGroup(pid, 'SIGKILL');
    await waitFor(() => groupMembers(pid).length === 0);
    expect(isGroupAlive(pid)).toBe(false);
  });

  it('that is empty may be signalled: nothing happens', async () => {
    lead(idleGame);
    leader.kill('SIGKILL');
    await hasEnded(leader);
    expect(isGroupAlive(pid)).toBe(false);
    expect(() => {
      signalGroup(pid, 'SIGTERM');
    }).not.toThrow();
  });

  it('of zombies alone does not live', async () => {
    lead(idleGame);
    const zombie = await makeZombie();
    try {
      expect(() => process.kill(-zombie.pid, 0)).not.toThrow();
      expect(isGroupAlive(zombie.pid)).toBe(false);
    } finally {
      await zombie.free();
    }
  });

  (process.getuid?.() === 0 ? it : it.skip)('of another user lives, and cannot be signalled', async () => {
    chmodSync(folder.path, 0o777);
    lead(otherUsersGame(ready));
    await waitFor(() => existsSync(ready));
    await asNobody(() => {
      expect(isGroupAlive(pid)).toBe(true);
      expect(() => {
        signalGroup(pid, 'SIGTERM');
      }).toThrow('EPERM');
      return Promise.resolve();
    });
    expect(groupMembers(pid)).toEqual([pid]);
  });

  it.each([1, 0, -5, 1.5, NaN])('has no signal for %d, which is not one group', (pid) => {
    expect(() => {
      signalGroup(pid, 'SIGCONT');
    }).toThrow('is no process group');
  });
});
