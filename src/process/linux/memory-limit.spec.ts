import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Children } from '../../testing/children.js';
import { mayMakeCgroups } from '../../testing/kernel.js';
import { temporaryFolder } from '../../testing/temporary-folder.js';
import { cgroupFoldersIn } from './cgroups.js';
import { cgroupMemoryLimitMb, memoryLimitMb, oomKills, OomKills } from './memory-limit.js';

const VERSION_1 = '/sys/fs/cgroup/memory';
const MB = 1024 ** 2;

const children = new Children();
afterEach(() => children.end());

// A machine has this or the other version of cgroups.
(mayMakeCgroups(VERSION_1) ? describe : describe.skip)('the memory limit of a process (version 1)', () => {
  const outer = join(VERSION_1, `memory-limit-${process.pid}`);
  const inner = join(outer, 'inner');
  const inCgroup = async (use: () => Promise<void>) => {
    mkdirSync(inner, { recursive: true });
    try {
      await use();
    } finally {
      await children.end();
      rmdirSync(inner);
      rmdirSync(outer);
    }
  };

  it('is the lowest of its cgroups and all above', () =>
    inCgroup(() => {
      const { pid } = children.justStarted();
      writeFileSync(join(inner, 'cgroup.procs'), String(pid));
      expect(cgroupMemoryLimitMb(pid)).toBeNull();
      writeFileSync(join(outer, 'memory.limit_in_bytes'), String(700 * MB));
      expect(cgroupMemoryLimitMb(pid)).toBe(700);
      writeFileSync(join(inner, 'memory.limit_in_bytes'), String(300 * MB));
      expect(cgroupMemoryLimitMb(pid)).toBe(300);
      expect(cgroupMemoryLimitMb(process.pid)).toBeNull();
      return Promise.resolve();
    }));

  it('is seen to have killed it, after its end, and not to have killed one that was killed by hand', () =>
    inCgroup(async () => {
      writeFileSync(join(outer, 'memory.limit_in_bytes'), String(60 * MB));
      const run = async (script: string) => {
        // It waits until it is in the cgroup.
        const child = spawn('sh', ['-c', `read _; ${script}`], { stdio: ['pipe', 'ignore', 'ignore'] });
        const exited = once(child, 'exit');
        writeFileSync(join(inner, 'cgroup.procs'), String(child.pid));
        const kills = OomKills.watch(child.pid ?? 0);
        child.stdin.end('\n');
        const [, signal] = (await exited) as [number | null, NodeJS.Signals | null];
        return { signal, rose: kills?.rose };
      };
      expect(await run('kill -9 $$')).toEqual({ signal: 'SIGKILL', rose: false });
      expect(
        await run('exec awk \'BEGIN { for (;;) s = s "0123456789012345678901234567890123456789" s }\''),
      ).toEqual({
        signal: 'SIGKILL',
        rose: true,
      });
      expect(await run('kill -9 $$')).toEqual({ signal: 'SIGKILL', rose: false });
    }));
});

describe('the memory limit of a process', () => {
  it('is read from version 2, also below a mount that begins further down', () => {
    const folder = temporaryFolder();
    const write = (file: string, text: string) => {
      writeFileSync(join(folder.path, file), text);
    };
    try {
      mkdirSync(join(folder.path, 'games/one'), { recursive: true });
      const read = (cgroup: string, root = '/') =>
        cgroupFoldersIn(
          `1:name=systemd:/\n0::${cgroup}\n`,
          `30 23 0:26 ${root} ${folder.path} rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n`,
          'memory',
        );
      expect(memoryLimitMb(read('/games/one'))).toBeNull();
      write('games/one/memory.max', 'max\n');
      expect(memoryLimitMb(read('/games/one'))).toBeNull();
      write('games/memory.max', `${512 * MB}\n`);
      expect(memoryLimitMb(read('/games/one'))).toBe(512);
      expect(memoryLimitMb(read('/docker/1/games', '/docker/1'))).toBe(512);
      write('games/one/memory.max', '0\n');
      expect(memoryLimitMb(read('/games/one'))).toBe(0);

      expect(oomKills(read('/games/one'))).toBeNull();
      write('games/one/memory.events', 'low 0\nhigh 0\nmax 17\noom 3\noom_kill 2\noom_group_kill 0\n');
      expect(oomKills(read('/games/one'))).toBe(2);
      expect(memoryLimitMb(cgroupFoldersIn('0::/games\n', '', 'memory'))).toBeNull();
    } finally {
      folder.remove();
    }
  });

  it('is not known of a process that is not there', () => {
    expect(cgroupMemoryLimitMb(0x7fff_fff0)).toBeNull();
    expect(OomKills.watch(0x7fff_fff0)).toBeNull();
  });
});
