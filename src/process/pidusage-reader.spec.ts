import { afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { closeSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import pidusage from 'pidusage';
import { Children } from '../testing/children.js';
import { hasOpenFile, kernelAgeMs, kernelCpuMs, kernelRssMib, openDescriptors } from '../testing/kernel.js';
import { PidusageReader } from './pidusage-reader.js';
import { waitFor } from '../testing/wait-for.js';
import { steadyNowMs } from './clock.js';
import { type ProcessCounters } from './process-reader.js';

const reader = new PidusageReader();
const children = new Children();

beforeAll(() => reader.onModuleInit());
afterEach(() => children.end());

/** The counters of a process that must be there. */
async function read(pid: number): Promise<ProcessCounters> {
  const counters = await reader.read(pid);
  if (counters === null) throw new Error(`process ${pid} was not read`);
  return counters;
}

describe('PidusageReader', () => {
  it('reads the CPU time that the kernel has counted', async () => {
    const { pid } = await children.burning();
    await waitFor(() => kernelCpuMs(pid) > 150);
    const before = kernelCpuMs(pid);
    const { cpuMs } = await read(pid);
    expect(cpuMs).toBeGreaterThanOrEqual(before);
    expect(cpuMs).toBeLessThanOrEqual(kernelCpuMs(pid));
    expect(cpuMs).toBeGreaterThan(100);
  });

  it('reads resident memory in bytes', async () => {
    const { pid } = await children.sleeping();
    // Once it has come to rest.
    await waitFor(async () => {
      const { rssBytes } = await read(pid);
      const actual = kernelRssMib(pid);
      return Math.abs(rssBytes / 1024 ** 2 - actual) / actual < 0.02;
    });
  });

  it('reads when a process started, the same each time but for clock ticks and the time of the reading', async () => {
    const { pid } = await children.sleeping();
    let expectedMs = NaN;
    for (let tookMs = Infinity; tookMs > 2;) {
      // Both clocks are read at one moment, unless something came in between.
      const nowMs = steadyNowMs();
      expectedMs = nowMs - kernelAgeMs(pid);
      tookMs = steadyNowMs() - nowMs;
    }
    for (let i = 0; i < 20; i++) {
      const calledAtMs = steadyNowMs();
      const { startedAtMs } = await read(pid);
      const tookMs = steadyNowMs() - calledAtMs;
      // A reading that had to wait makes a process look older, never newer.
      expect(startedAtMs - expectedMs).toBeLessThan(25);
      expect(expectedMs - startedAtMs).toBeLessThan(25 + tookMs);
      await sleep(7);
    }
  });

  it('is null for a process that is gone, seen before or not', async () => {
    const [seen, unseen] = await Promise.all([children.sleeping(), children.sleeping()]);
    await read(seen.pid);
    await Promise.all([seen.kill(), unseen.kill()]);
    expect(await reader.read(seen.pid)).toBeNull();
    expect(await reader.read(seen.pid)).toBeNull();
    expect(await reader.read(unseen.pid)).toBeNull();
  });

  it('is null for a zombie, seen before or not', async () => {
    const [seen, unseen] = await Promise.all([children.zombieToBe(), children.zombieToBe()]);
    await read(seen.pid);
    await sleep(250);
    await Promise.all([seen.becomeZombie(), unseen.becomeZombie()]);
    expect(await reader.read(seen.pid)).toBeNull();
    expect(await reader.read(unseen.pid)).toBeNull();
  });

  it('does not take a process that has only just started for a zombie', async () => {
    // The kernel collects the memory field of /proc/PID/stat from per-CPU counts: at first it often says 0.
    for (let i = 0; i < 100; i++) {
      const { pid, kill } = children.justStarted();
      expect(await reader.read(pid)).not.toBeNull();
      await kill();
    }
  });

  it('rejects when a process cannot be read', async () => {
    await expect(reader.read(-1)).rejects.toThrow('pids provided is invalid');
  });

  // Pids come round again too slowly for a test, so the library is given the descriptor that it would hold: of
  // the stat file of an earlier process. That descriptor is real, and so is the ESRCH that the kernel answers.
  it('reads a process although the library still holds the file of an earlier one with its pid', async () => {
    const [earlier, later] = await Promise.all([children.sleeping(), children.sleeping()]);
    const fd = openSync(`/proc/${earlier.pid}/stat`, 'r');
    try {
      await earlier.kill();
      const history = createRequire(import.meta.url)('pidusage/lib/history') as {
        set(pid: number, stat: { fd: number }, maxAgeMs: number): void;
      };
      history.set(later.pid, { fd }, 60_000);
      await expect(pidusage(later.pid, { maxage: 60_000 })).rejects.toThrow('ESRCH');

      const before = kernelCpuMs(later.pid);
      const { cpuMs } = await read(later.pid);
      expect(cpuMs).toBeGreaterThanOrEqual(before - 20);
      expect(cpuMs).toBeLessThanOrEqual(kernelCpuMs(later.pid) + 20);
    } finally {
      closeSync(fd);
    }
  });

  it('closes the file of a process that has ended, a while after the last reading', async () => {
    // The library looks for entries that nobody asked for within `maxage`, with an interval of half of that: a
    // fresh history, so that it starts that interval under the fake clock. The readings are real.
    pidusage.clear();
    jest.useFakeTimers({
      doNotFake: ['performance', 'nextTick', 'queueMicrotask', 'setImmediate', 'setTimeout'],
    });
    try {
      const { pid, kill } = await children.sleeping();
      await read(pid);
      await kill();
      await reader.read(pid);
      expect(hasOpenFile(process.pid, `/proc/${pid}/stat`)).toBe(true);
      jest.advanceTimersByTime(120_000);
      await waitFor(() => !hasOpenFile(process.pid, `/proc/${pid}/stat`));
    } finally {
      jest.useRealTimers();
    }
  });

  it('opens nothing anew for each reading', async () => {
    const { pid } = await children.sleeping();
    await read(pid);
    const before = openDescriptors(process.pid);
    for (let i = 0; i < 1000; i++) await read(pid);
    expect(openDescriptors(process.pid)).toBeLessThan(before + 10);
  });
});
