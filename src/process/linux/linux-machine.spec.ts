import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, readFileSync, rmdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { Children } from '../../testing/children.js';
import { mayMakeCgroups, openDescriptors } from '../../testing/kernel.js';
import { temporaryFolder } from '../../testing/temporary-folder.js';
import { NodeMachine } from '../node-machine.js';
import { availableBytes, busyMs, LinuxMachine } from './linux-machine.js';
import { MemoryRoom } from './memory-room.js';

const MIB = 1024 ** 2;
const VERSION_1 = '/sys/fs/cgroup/memory';
const children = new Children();
afterEach(() => children.end());

describe('the machine, from texts of /proc', () => {
  it('was busy for all but idle and iowait; steal is in it, guests are in user already', () => {
    //                user nice sys idle  iowait irq softirq steal guest guest_nice
    expect(busyMs('cpu  1000 200 300 99999 88888 40 5 6 700 100\ncpu0 1 1 1')).toBe(15_510);
    expect(busyMs('cpu  1000 200 300 99999 88888 40 5\n')).toBe(15_450);
    expect(busyMs('cpu0 1000 200 300 99999\n')).toBeNull();
    expect(busyMs('cpu  1 2\n')).toBeNull();
    expect(busyMs('')).toBeNull();
  });

  it('has the memory that is available, not what is free', () => {
    expect(availableBytes('MemTotal: 100 kB\nMemFree:   5 kB\nMemAvailable:    2048 kB\n')).toBe(2 * MIB);
    expect(availableBytes('MemTotal: 100 kB\nMemFree:   5 kB\n')).toBeNull();
    expect(availableBytes('MemAvailable: \n')).toBeNull();
  });
});

describe.each([
  ['Linux', () => new LinuxMachine()],
  ['Node', () => new NodeMachine()],
])('a reader of the machine (%s)', (_, create) => {
  it('keeps few files open, and lets go of them', () => {
    const before = openDescriptors(process.pid);
    const machine = create();
    for (let i = 0; i < 100; i++) machine.read();
    expect(openDescriptors(process.pid) - before).toBeLessThanOrEqual(4);
    machine.close();
    expect(openDescriptors(process.pid)).toBe(before);
  });
});

describe('the memory that cgroups leave', () => {
  const folder = temporaryFolder();
  const machineBytes = 1024 * MIB;
  const mountinfo = () => `30 23 0:26 / ${folder.path} rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n`;
  const room = () => new MemoryRoom(() => '0::/games/one\n', mountinfo);
  const put = (path: string, text: string) => {
    writeFileSync(join(folder.path, path), text);
  };

  afterEach(() => {
    folder.remove();
  });

  it('is their limit without what is used, but for what can be given back; the lowest counts', () => {
    mkdirSync(join(folder.path, 'games/one'), { recursive: true });
    put('games/memory.max', `${600 * MIB}\n`);
    put('games/memory.current', `${500 * MIB}\n`);
    put('games/memory.stat', `anon 1\ninactive_file ${50 * MIB}\nactive_file 7\n`);
    put('games/one/memory.max', 'max\n');
    const limited = room();
    expect(limited.roomBytes(machineBytes)).toBe(150 * MIB);
    put('games/memory.current', `${650 * MIB}\n`);
    put('games/memory.stat', `anon 1\ninactive_file ${10 * MIB}\n`);
    expect(limited.roomBytes(machineBytes)).toBe(0);
    limited.close();

    put('games/one/memory.max', `${200 * MIB}\n`);
    put('games/one/memory.current', `${150 * MIB}\n`);
    put('games/memory.current', `${100 * MIB}\n`);
    const both = room();
    expect(both.roomBytes(machineBytes)).toBe(50 * MIB);
    both.close();

    put('games/one/memory.max', 'max\n');
    // A limit that the machine cannot reach is none.
    put('games/memory.max', `${2048 * MIB}\n`);
    const none = room();
    expect(none.roomBytes(machineBytes)).toBe(Infinity);
    none.close();
  });

  it('is not limited where nothing can be read, or the cgroup has gone', () => {
    const unreadable = new MemoryRoom(
      () => {
        throw new Error('EACCES');
      },
      () => '',
    );
    expect(unreadable.roomBytes(machineBytes)).toBe(Infinity);
    mkdirSync(join(folder.path, 'games/one'), { recursive: true });
    put('games/one/memory.max', `${200 * MIB}\n`);
    put('games/one/memory.current', `${150 * MIB}\n`);
    unlinkSync(join(folder.path, 'games/one/memory.current'));
    expect(room().roomBytes(machineBytes)).toBe(Infinity);
  });

  // A machine has this or the other version of cgroups.
  (mayMakeCgroups(VERSION_1) ? it : it.skip)('is read from the kernel’s own (version 1)', async () => {
    const group = join(VERSION_1, `memory-room-${process.pid}`);
    mkdirSync(group);
    try {
      writeFileSync(join(group, 'memory.limit_in_bytes'), String(256 * MIB));
      const { pid } = await children.sleeping();
      writeFileSync(join(group, 'cgroup.procs'), String(pid));
      const kernel = new MemoryRoom(() => readFileSync(`/proc/${pid}/cgroup`, 'utf8'));
      const bytes = kernel.roomBytes(totalmem());
      kernel.close();
      expect(bytes).toBeGreaterThan(100 * MIB);
      expect(bytes).toBeLessThanOrEqual(256 * MIB);
    } finally {
      await children.end();
      rmdirSync(group);
    }
  });
});
