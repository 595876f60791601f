import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { executable, hasEnded, makeZombie } from '../testing/game-programs.js';
import { processIdentity } from './process-identity.js';

describe('processIdentity', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let children: ChildProcess[];

  beforeEach(() => {
    folder = temporaryFolder();
    children = [];
  });

  afterEach(async () => {
    for (const child of children) {
      child.kill('SIGKILL');
      await hasEnded(child);
    }
    folder.remove();
  });

  async function run(program: string, ...args: string[]): Promise<{ child: ChildProcess; pid: number }> {
    const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'ignore'] });
    children.push(child);
    await once(child, 'spawn');
    if (child.pid === undefined) throw new Error('no process');
    return { child, pid: child.pid };
  }

  it('stays the same for one process, and tells a later one from it', async () => {
    const first = await run('sleep', '60');
    const identity = processIdentity(first.pid);
    await new Promise((done) => setTimeout(done, 1100));
    const second = await run('sleep', '60');
    expect(identity).not.toBeNull();
    expect(processIdentity(first.pid)).toBe(identity);
    expect(processIdentity(second.pid)).not.toBe(identity);
    expect(processIdentity(process.pid)).not.toBe(identity);
  });

  it('is null for a process that has ended', async () => {
    const { child, pid } = await run('sleep', '60');
    child.kill('SIGKILL');
    await hasEnded(child);
    expect(processIdentity(pid)).toBeNull();
  });

  it('is null for a zombie', async () => {
    const zombie = await makeZombie();
    try {
      expect(processIdentity(zombie.pid)).toBeNull();
    } finally {
      await zombie.free();
    }
  });

  it('is not misled by the name of a program', async () => {
    const plain = await run(executable(join(folder.path, 'plain'), '#!/bin/sh\nread line\n'));
    const odd = await run(executable(join(folder.path, 'a) Z 1 (b) 2'), '#!/bin/sh\nread line\n'));
    const parts = (pid: number) => processIdentity(pid)?.split(' ').map(Number);
    expect(parts(odd.pid)).toHaveLength(2);
    const [, plainTick = NaN] = parts(plain.pid) ?? [];
    const [, oddTick = NaN] = parts(odd.pid) ?? [];
    // Both were started within a few seconds, at 100 ticks a second.
    expect(Math.abs(oddTick - plainTick)).toBeLessThan(1000);
  });
});
