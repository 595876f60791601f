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

describe.each([
  ['Linux', () => new LinuxMachine()],
  ['Node', () => new NodeMachine()],
])('MachineSampler, with the machine by %s', (_, create) => {
  it('counts what a busy process uses, and no more than there is', async () => {
    const machine = create();
    const sampler = new MachineSampler(machine, null);
    expect(sampler.sample().cpuPercent).toBeNull();
    await children.burning();
    sampler.sample();
    await delay(1500);
    const { cpuPercent } = sampler.sample();
    machine.close();
    // Whatever else runs here: one process that never waits is there, and competes at most with its equals.
    expect(cpuPercent).toBeGreaterThan(60);
    const cores = readFileSync('/proc/stat', 'utf8').match(/^cpu\d+ /gm)?.length ?? 0;
    expect(cpuPercent).toBeLessThan(cores * 100 + 15);
  });

  it('agrees with what the kernel tells, read by other means', async () => {
    const machine = create();
    const sampler = new MachineSampler(machine, null);
    const kernelMs = () => {
      const [, , ...fields] = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '').split(' ');
      return [0, 1, 2, 5, 6, 7].reduce((sum, at) => sum + Number(fields[at]) * 10, 0);
    };
    const [from, fromMs] = [kernelMs(), performance.now()];
    sampler.sample();
    await delay(1500);
    const percent = (100 * (kernelMs() - from)) / (performance.now() - fromMs);
    expect(Math.abs(Number(sampler.sample().cpuPercent) - percent)).toBeLessThan(15);
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
    expect(sampler.sample().cpuPercent).toBeNull();
    await delay(400);
    const cores = readFileSync('/proc/stat', 'utf8').match(/^cpu\d+ /gm)?.length ?? 0;
    expect(sampler.sample().cpuPercent).toBeLessThan(cores * 100 + 40);
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
