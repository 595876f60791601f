import { afterEach, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { tmpdir, totalmem } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { DiskRoom } from '../process/disk-room.js';
import { LinuxMachine } from '../process/linux/linux-machine.js';
import { Machine } from '../process/machine.js';
import { NodeMachine } from '../process/node-machine.js';
import { Children } from '../testing/children.js';
import { openDescriptors } from '../testing/kernel.js';
import { waitFor } from '../testing/wait-for.js';
import { MachineSampler } from './machine-sampler.js';

const MIB = 1024 ** 2;
const children = new Children();
afterEach(() => children.end());

interface Mark {
  readonly percent: number | null;
  readonly atMs: readonly [before: number, after: number];
  readonly busyMs: readonly [before: number, after: number];
}

/** A sample, and what the kernel had counted just before and after it; the fields of /proc/stat from the second on. */
function marked(sampler: MachineSampler, fields: readonly number[] = []): Mark {
  const busyMs = () => {
    const [, , ...ticks] = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '').split(' ');
    return fields.reduce((sum, at) => sum + Number(ticks[at]) * 10, 0);
  };
  const [fromMs, busyBefore] = [performance.now(), busyMs()];
  const { cpuPercent: percent } = sampler.sample();
  return { percent, busyMs: [busyBefore, busyMs()], atMs: [fromMs, performance.now()] };
}

/** All that the cores can do between two samples, in percent of the time between them, which may be as short as this. */
function mostPercent(one: Mark, two: Mark): number {
  const cores = readFileSync('/proc/stat', 'utf8').match(/^cpu\d+ /gm)?.length ?? 0;
  return (cores * 100 * (two.atMs[1] - one.atMs[0])) / (two.atMs[0] - one.atMs[1]);
}

describe.each([
  ['Linux', () => new LinuxMachine(), [0, 1, 2, 5, 6, 7]],
  // What another machine on the same host took, and software interrupts, are not told there.
  ['Node', () => new NodeMachine(), [0, 1, 2, 5]],
])('MachineSampler, with the machine by %s', (_, create, fields) => {
  it('counts what a busy process uses, and no more than there is', async () => {
    const machine = create();
    const sampler = new MachineSampler(machine, null);
    expect(sampler.sample().cpuPercent).toBeNull();
    await children.burning();
    const one = marked(sampler);
    await delay(1500);
    const two = marked(sampler);
    machine.close();
    // Whatever else runs here: one process that never waits is there, and competes at most with its equals.
    expect(two.percent).toBeGreaterThan(60);
    expect(two.percent).toBeLessThan(mostPercent(one, two) + 15);
  });

  it('agrees with what the kernel tells, read by other means', async () => {
    const machine = create();
    const sampler = new MachineSampler(machine, null);
    const one = marked(sampler, fields);
    await delay(1500);
    const two = marked(sampler, fields);
    const low = (100 * (two.busyMs[0] - one.busyMs[1])) / (two.atMs[1] - one.atMs[0]);
    const high = (100 * (two.busyMs[1] - one.busyMs[0])) / (two.atMs[0] - one.atMs[1]);
    expect(two.percent).toBeGreaterThan(low - 15);
    expect(two.percent).toBeLessThan(high + 15);
    machine.close();
  });

  it('tells memory that can still be had', () => {
    const machine = create();
    const { memoryAvailableMb } = new MachineSampler(machine, null).sample();
    machine.close();
    expect(memoryAvailableMb).toBeGreaterThan(0);
    expect(memoryAvailableMb).toBeLessThanOrEqual(totalmem() / MIB);
  });
});

describe('MachineSampler, with a machine that comes and goes', () => {
  it('knows nothing while the machine cannot be read, and begins anew with what it can', async () => {
    class Blind extends Machine {
      isBlind = true;
      private readonly eyes = new NodeMachine();
      override read() {
        return this.isBlind ? null : this.eyes.read();
      }
      override close() {
        this.eyes.close();
      }
    }
    const machine = new Blind();
    const sampler = new MachineSampler(machine, null);
    expect(sampler.sample()).toMatchObject({ cpuPercent: null, memoryAvailableMb: null, counters: null });
    machine.isBlind = false;
    const one = marked(sampler);
    expect(one.percent).toBeNull();
    await delay(400);
    const two = marked(sampler);
    expect(two.percent).toBeLessThan(mostPercent(one, two) + 40);
  });
});

describe('MachineSampler, with a disk', () => {
  it('tells the room on it once it has looked, in MiB and in bytes', async () => {
    const sampler = new MachineSampler(new NodeMachine(), new DiskRoom(tmpdir()));
    await waitFor(() => sampler.sample().diskFreeMb !== null);
    const { diskFreeMb, diskFreeBytes } = sampler.latest;
    expect(diskFreeMb).toBe(Number(diskFreeBytes) / MIB);
    const { bavail, bsize } = await statfs(tmpdir());
    expect(Math.abs(Number(diskFreeBytes) / (bavail * bsize) - 1)).toBeLessThan(0.5);
    sampler.close();
  });

  it('knows nothing any more, and opens nothing again, once it is closed', () => {
    const before = openDescriptors(process.pid);
    const sampler = new MachineSampler(new LinuxMachine(), null);
    sampler.close();
    const nothing = { cpuPercent: null, memoryAvailableMb: null, diskFreeMb: null, counters: null };
    expect(sampler.sample()).toMatchObject(nothing);
    expect(sampler.latest).toMatchObject(nothing);
    expect(openDescriptors(process.pid)).toBe(before);
  });
});
