import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Children } from '../testing/children.js';
import { kernelCpuMs, marked } from '../testing/kernel.js';
import { countersOf, READERS } from '../testing/process-readers.js';
import { waitFor } from '../testing/wait-for.js';
import { steadyNowMs } from './clock.js';
import { LinuxReader } from './linux/linux-reader.js';
import { type ProcessReader } from './process-reader.js';

const children = new Children();
const programs: ChildProcess[] = [];
afterEach(async () => {
  await children.end();
  for (const program of programs.splice(0)) program.kill('SIGKILL');
});

describe.each(READERS)('a reader of processes (%s)', (_name, create) => {
  let reader: ProcessReader;

  beforeAll(async () => {
    reader = create();
    await reader.read(process.pid);
  });

  it('counts CPU as the kernel does', async () => {
    const { pid } = await children.burning();
    await delay(300);
    const [before, { cpuMs: first }] = await marked(pid, () => countersOf(reader, pid));
    await waitFor(() => kernelCpuMs(pid) > first[1] + 600);
    const [after, { cpuMs: second }] = await marked(pid, () => countersOf(reader, pid));
    // The kernel's count just before and just after each of the two.
    expect(after.cpuMs - before.cpuMs).toBeGreaterThanOrEqual(second[0] - first[1] - 30);
    expect(after.cpuMs - before.cpuMs).toBeLessThanOrEqual(second[1] - first[0] + 30);
    expect(before.cpuMs).toBeGreaterThanOrEqual(first[0] - 30);
    expect(before.cpuMs).toBeLessThanOrEqual(first[1] + 30);
  });

  it('knows the start to a few clock ticks, and gives the same again', async () => {
    const beganMs = steadyNowMs();
    const { pid } = children.justStarted();
    const startedMs = steadyNowMs();
    /** The start by a reading, and how long that took: one that had to wait makes a process look older by that. */
    const readStart = async () => {
      const calledAtMs = steadyNowMs();
      const { startedAtMs } = await countersOf(reader, pid);
      return [startedAtMs, steadyNowMs() - calledAtMs] as const;
    };
    await delay(100);
    const [first, firstTookMs] = await readStart();
    expect(first).toBeGreaterThan(beganMs - 60 - firstTookMs);
    expect(first).toBeLessThan(startedMs + 60);
    await delay(200);
    const [second, secondTookMs] = await readStart();
    expect(Math.abs(second - first)).toBeLessThanOrEqual(30 + firstTookMs + secondTookMs);
  });
});

describe('the native reader', () => {
  const reader = new LinuxReader();

  it('counts finer than the clock ticks: what a process says that it used, within 4 ms', async () => {
    const script = `process.stdin.on('data', (ms) => {
      const began = process.cpuUsage();
      for (let used = 0; used < ms * 1000; ) {
        const { user, system } = process.cpuUsage(began);
        used = user + system;
      }
      console.log('done');
    })`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
    const { pid = NaN } = child;
    programs.push(child);
    await waitFor(async () => (await countersOf(reader, pid)).rssBytes > 30e6);
    const used = async (ms: number) => {
      const before = await countersOf(reader, pid);
      child.stdin.write(String(ms));
      await once(child.stdout, 'data');
      await delay(50);
      return (await countersOf(reader, pid)).cpuMs - before.cpuMs;
    };
    // The first time it compiles, too.
    await used(50);
    for (const ms of [13, 17, 23, 26, 34]) {
      const read = await used(ms);
      expect(read).toBeGreaterThan(ms - 0.5);
      expect(read).toBeLessThan(ms + 4);
    }
  });
});
