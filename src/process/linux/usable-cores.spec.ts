import { afterEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Children } from '../../testing/children.js';
import { mayMakeCgroups } from '../../testing/kernel.js';
import { cgroupFoldersIn } from './cgroups.js';
import { coresByQuota, usableCores } from './usable-cores.js';

const VERSION_1 = '/sys/fs/cgroup/cpu';

const children = new Children();
afterEach(() => children.end());

describe('the cores that a process may use', () => {
  it('are those that it may run on', () => {
    const { pid } = children.justStarted();
    execFileSync('taskset', ['--pid', '--cpu-list', '0', String(pid)]);
    expect(usableCores(pid)).toBeLessThanOrEqual(1);
    expect(usableCores(process.pid)).toBeLessThanOrEqual(cpus().length);
  });

  // A machine has this or the other version of cgroups.
  (mayMakeCgroups(VERSION_1) ? it : it.skip)(
    'are fewer by the lowest quota of its cgroups (version 1)',
    async () => {
      const outer = join(VERSION_1, `usable-cores-${process.pid}`);
      const inner = join(outer, 'inner');
      mkdirSync(inner, { recursive: true });
      try {
        const { pid } = children.justStarted();
        writeFileSync(join(inner, 'cgroup.procs'), String(pid));
        expect(usableCores(pid)).toBe(cpus().length);
        writeFileSync(join(outer, 'cpu.cfs_quota_us'), '70000');
        expect(usableCores(pid)).toBe(0.7);
        writeFileSync(join(inner, 'cpu.cfs_quota_us'), '25000');
        expect(usableCores(pid)).toBe(0.25);
      } finally {
        await children.end();
        rmdirSync(inner);
        rmdirSync(outer);
      }
    },
  );

  it('are fewer by the lowest quota of its cgroups (version 2), also below a mount that begins further down', () => {
    const folder = mkdtempSync(join(tmpdir(), 'vsm-cgroup-'));
    try {
      mkdirSync(join(folder, 'games/one'), { recursive: true });
      writeFileSync(join(folder, 'games/cpu.max'), '150000 100000\n');
      writeFileSync(join(folder, 'games/one/cpu.max'), 'max 100000\n');
      const mounted = (root: string) =>
        `30 23 0:26 ${root} ${folder} rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n`;
      const cores = (cgroups: string, mountinfo: string) =>
        coresByQuota(cgroupFoldersIn(cgroups, mountinfo, 'cpu'));
      expect(cores('0::/games/one\n', mounted('/'))).toBe(1.5);
      expect(cores('0::/docker/1/games\n', mounted('/docker/1'))).toBe(1.5);
      expect(cores('0::/../games\n', mounted('/'))).toBe(1.5);
      expect(cores('0::/gone\n', mounted('/'))).toBe(Infinity);
      writeFileSync(join(folder, 'games/one/cpu.max'), '50000 100000\n');
      expect(cores('1:name=systemd:/\n0::/games/one\n', mounted('/'))).toBe(0.5);
      expect(cores('0::/games/one\n', '')).toBe(Infinity);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
