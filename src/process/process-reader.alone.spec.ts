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
    expect(after.cpuMs - before.cpuMs).toBeGreaterThanOrEqual(second[0] - first[1] - 10);
    expect(after.cpuMs - before.cpuMs).toBeLessThanOrEqual(second[1] - first[0] + 10);
    expect(before.cpuMs).toBeGreaterThanOrEqual(first[0] - 10);
    expect(before.cpuMs).toBeLessThanOrEqual(first[1] + 10);
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
    const script = `
      const usedMs = () => {
        const { user, system } = process.cpuUsage();
        return (user + system) / 1000;
      };
      process.stdin.on('data', (ms) => {
        const began = usedMs();
        while (usedMs() < began + Number(ms));
        console.log(JSON.stringify([began, usedMs()]));
      });`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
    const { pid = NaN } = child;
    programs.push(child);
    await waitFor(async () => (await countersOf(reader, pid)).rssBytes > 30e6);
    /** What it says that it had used in all when it began to use so much, and when it had; and a reading after that. */
    const use = async (ms: number) => {
      child.stdin.write(String(ms));
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      const [began, ended] = JSON.parse(line.toString()) as [number, number];
      await delay(50);
      return { began, ended, read: (await countersOf(reader, pid)).cpuMs };
    };
    const uses: Awaited<ReturnType<typeof use>>[] = [];
    // The first time it compiles, too; the last only says what it had used by then.
    for (const ms of [50, 13, 17, 23, 26, 34, 0]) uses.push(await use(ms));
    for (const [i, { began, ended, read }] of uses.slice(1, -1).entries()) {
      const [before, after] = [uses[i], uses[i + 2]];
      if (before === undefined || after === undefined) throw new Error('no use before or after');
      // Between two of its words it uses a little more, on a busy machine some milliseconds.
      expect(read - before.read).toBeGreaterThan(ended - began - 0.5);
      expect(read - before.read).toBeLessThan(after.began - before.ended + 4);
    }
  });
});
