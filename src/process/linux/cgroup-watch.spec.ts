import { afterEach, describe, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Children } from '../../testing/children.js';
import { withMemoryCgroup, memoryCgroups } from '../../testing/memory-cgroup.js';
import { waitFor } from '../../testing/wait-for.js';
import { CgroupWatch } from './cgroup-watch.js';

const MB = 1024 ** 2;
const children = new Children();
afterEach(() => children.end());

(memoryCgroups === null ? describe.skip : describe)('the watch of the cgroups of a process', () => {
  it('sees that it was moved into one with a limit, and keeps that when the process has ended', () =>
    withMemoryCgroup(async (folder) => {
      writeFileSync(join(folder, 'memory.limit_in_bytes'), String(300 * MB));
      const child = await children.sleeping();
      const watch = new CgroupWatch(child.pid);
      try {
        expect(watch.limitMb).toBeNull();
        writeFileSync(join(folder, 'cgroup.procs'), String(child.pid));
        await waitFor(() => watch.limitMb === 300);
        await child.kill();
        // It looks again, and there is nothing to be seen.
        await sleep(2500);
        expect([watch.limitMb, watch.oomKillRose]).toEqual([300, false]);
      } finally {
        watch.close();
      }
    }));

  it('is not misled by the topmost cgroup, in which one that is ending seems to be', () =>
    withMemoryCgroup(async (folder) => {
      writeFileSync(join(folder, 'memory.limit_in_bytes'), String(300 * MB));
      const { pid, becomeZombie } = await children.zombieToBe();
      writeFileSync(join(folder, 'cgroup.procs'), String(pid));
      const watch = new CgroupWatch(pid);
      try {
        expect(watch.limitMb).toBe(300);
        await becomeZombie();
        await sleep(1500);
        expect(watch.limitMb).toBe(300);
      } finally {
        watch.close();
        await children.end();
      }
    }));
});

describe('the watch of a process that is not there', () => {
  it('knows nothing', () => {
    const watch = new CgroupWatch(0x7fff_fff0);
    expect([watch.limitMb, watch.oomKillRose]).toEqual([null, false]);
    watch.close();
  });
});
