import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import pidusage from 'pidusage';
import { Children } from '../testing/children.js';
import {
  hasOpenFile,
  kernelAgeMs,
  kernelCpuPercent,
  type KernelMark,
  kernelRssMib,
  marked,
  markOfBirth,
  openDescriptors,
} from '../testing/kernel.js';
import { waitFor } from '../testing/wait-for.js';
import { LinuxReader } from '../process/linux/linux-reader.js';
import { PidusageReader } from '../process/pidusage-reader.js';
import { steadyNowMs } from '../process/clock.js';
import { type ProcessCounters, ProcessReader } from '../process/process-reader.js';
import { type GameUsage, ProcessSampler, type ProcessUsage } from './process-sampler.js';

const log = jest.spyOn(Logger.prototype, 'log').mockReturnValue();
const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();

beforeEach(() => {
  log.mockClear();
  warn.mockClear();
});

describe('ProcessSampler, with scripted counters and time', () => {
  const PID = 4242;
  const MIB = 1024 ** 2;

  /** Answers what the test says. */
  class ScriptedReader extends ProcessReader {
    answer: ProcessCounters | Error | null = null;

    override read(): Promise<ProcessCounters | null> {
      return this.answer instanceof Error ? Promise.reject(this.answer) : Promise.resolve(this.answer);
    }
  }

  let reader: ScriptedReader;
  let sampler: ProcessSampler;
  /** When the game of the test started; a second before its first sample. */
  let bornAtMs: number;

  beforeEach(() => {
    jest.useFakeTimers();
    reader = new ScriptedReader();
    sampler = new ProcessSampler(reader);
    bornAtMs = steadyNowMs();
    pass(1000);
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  function pass(ms: number): void {
    jest.advanceTimersByTime(ms);
  }

  /** A sample of a process that has used `cpuMs` of CPU time. */
  function sample(cpuMs: number, startedAtMs = bornAtMs): Promise<GameUsage | null> {
    reader.answer = { cpuMs, rssBytes: 64 * MIB, threadCount: 1, startedAtMs, readAtMs: steadyNowMs() };
    return sampler.sampleGame(PID);
  }

  async function sampleFailing(answer: Error | null): Promise<GameUsage | null> {
    reader.answer = answer;
    return sampler.sampleGame(PID);
  }

  it('begins with the average since the process started, and goes on with what came since', async () => {
    expect(await sample(400)).toMatchObject({ memoryMb: 64, cpuPercent: 40 });
    pass(10_000);
    expect(await sample(15_400)).toMatchObject({ memoryMb: 64, cpuPercent: 150 });
    pass(10_000);
    expect(await sample(15_400)).toMatchObject({ memoryMb: 64, cpuPercent: 0 });
  });

  it('tells the memory alone of a process younger than 200 ms, and says nothing', async () => {
    const youngMs = steadyNowMs() - 199;
    expect(await sample(199, youngMs)).toMatchObject({ memoryMb: 64, cpuPercent: null });
    expect(sampler.isGameYoung).toBe(true);
    pass(1);
    expect(await sample(200, youngMs)).toMatchObject({ memoryMb: 64, cpuPercent: 100 });
    expect(warn).not.toHaveBeenCalled();
  });

  it('is null, without a word, while there is no game', async () => {
    reader.answer = new Error('nobody should ask');
    expect(await sampler.sampleGame(null)).toBeNull();
    expect(warn).not.toHaveBeenCalled();
  });

  it('takes a process that started later for another one, although its pid is the same', async () => {
    await sample(900);
    pass(10_000);
    // It has used more than its predecessor: 3000 ms in its first 2 s. A difference would be 21 %.
    expect(await sample(3000, steadyNowMs() - 2000)).toMatchObject({ cpuPercent: 150 });
    expect(sampler.gameCpuTotalMs).toBe(900 + 3000);
    expect(sampler.gameRestarts).toBe(1);
    expect(log).toHaveBeenCalledTimes(2);
  });

  it('takes a process that has used less CPU time for another one', async () => {
    pass(1000);
    await sample(900);
    pass(1000);
    expect(await sample(600)).toMatchObject({ cpuPercent: 20 });
    expect(sampler.gameCpuTotalMs).toBe(900 + 600);
  });

  it('measures a successor from its own start also when it was met too young', async () => {
    await sample(900);
    pass(10_000);
    const successorMs = steadyNowMs() - 100;
    expect(await sample(100, successorMs)).toMatchObject({ cpuPercent: null });
    pass(300);
    expect(await sample(200, successorMs)).toMatchObject({ cpuPercent: 50 });
    expect(sampler.gameCpuTotalMs).toBe(900 + 200);
  });

  it('takes a start time that jitters by a clock tick for the same process', async () => {
    await sample(400);
    for (const [i, jitterMs] of [10, -10, 10, 0, -10].entries()) {
      pass(1000);
      expect(await sample(400 + (i + 1) * 300, bornAtMs + jitterMs)).toMatchObject({ cpuPercent: 30 });
    }
    expect(sampler.gameCpuTotalMs).toBe(1900);
    expect(log).toHaveBeenCalledTimes(1);
  });

  it('never lets the total fall, whatever happens to the game', async () => {
    const totals: number[] = [];
    const steps = [
      () => sample(500),
      () => sample(800),
      () => sampleFailing(null),
      () => sample(100, steadyNowMs() - 250),
      () => sampler.sampleGame(null),
      () => sample(50, steadyNowMs() - 250),
      () => sampleFailing(new Error('EACCES')),
      () => sample(70),
    ];
    for (const step of steps) {
      pass(1000);
      await step();
      totals.push(sampler.gameCpuTotalMs);
    }
    expect(totals).toEqual([500, 800, 800, 900, 900, 950, 950, 970]);
  });

  it('counts the CPU time of a process once that was out of sight for a while', async () => {
    await sample(400);
    pass(1000);
    await sampler.sampleGame(null);
    pass(1000);
    expect(await sample(1000)).toMatchObject({ cpuPercent: 30 });
    expect([sampler.gameCpuTotalMs, sampler.gameRestarts]).toEqual([1000, 0]);
  });

  it('says once that a process cannot be measured, and once that it can again', async () => {
    await sample(400);
    log.mockClear();
    for (let i = 0; i < 3; i++) {
      pass(1000);
      expect(await sampleFailing(null)).toBeNull();
    }
    expect(warn.mock.calls).toEqual([
      [`The game server, pid ${PID}, cannot be measured: it is gone or a zombie`],
    ]);
    for (let i = 0; i < 3; i++) {
      pass(1000);
      expect(await sample(1000)).not.toBeNull();
    }
    expect(log.mock.calls).toEqual([[`The game server, pid ${PID}, can be measured again`]]);
  });

  it('is null when the reader rejects, and gives the reason once', async () => {
    const denied = new Error(`EACCES: permission denied, open '/proc/${PID}/stat'`);
    for (let i = 0; i < 3; i++) expect(await sampleFailing(denied)).toBeNull();
    expect(warn.mock.calls).toEqual([
      [
        `The game server, pid ${PID}, cannot be measured: EACCES: permission denied, open '/proc/${PID}/stat'`,
      ],
    ]);
  });

  it('warns anew about the next process', async () => {
    await sampleFailing(null);
    await sampler.sampleGame(null);
    await sampleFailing(null);
    expect(warn).toHaveBeenCalledTimes(2);
    await sampler.sampleGame(PID + 1);
    expect(warn).toHaveBeenCalledTimes(3);
  });

  it('spans the samples that could not be taken', async () => {
    await sample(400);
    pass(5000);
    await sampleFailing(null);
    pass(5000);
    expect(await sample(2400)).toMatchObject({ cpuPercent: 20 });
  });

  it.each([
    ['forward', 86_400_000],
    ['back', -86_400_000],
  ])('is not moved by a wall clock that jumps a day %s', async (_, jumpMs) => {
    jest.setSystemTime(Date.now() + jumpMs);
    expect(await sample(400)).toMatchObject({ cpuPercent: 40 });
    pass(10_000);
    jest.setSystemTime(Date.now() + jumpMs);
    expect(await sample(5400)).toMatchObject({ cpuPercent: 50 });
    expect(log).toHaveBeenCalledTimes(1);
  });
});

describe('ProcessSampler, with real processes', () => {
  const pidusageReader = new PidusageReader();
  const children = new Children();
  let sampler: ProcessSampler;

  beforeAll(() => pidusageReader.onModuleInit());
  afterEach(() => children.end());

  /** A sample of a process that must be measurable. */
  async function sample(pid: number): Promise<ProcessUsage> {
    const usage = await sampler.sampleGame(pid);
    if (usage === null) throw new Error(`process ${pid} was not measured`);
    const { cpuPercent } = usage;
    if (cpuPercent === null) throw new Error(`process ${pid} is too young`);
    return { ...usage, cpuPercent };
  }

  function markedSample(pid: number): Promise<[ProcessUsage, KernelMark]> {
    return marked(pid, () => sample(pid));
  }

  async function untilAge(pid: number, ageMs: number): Promise<void> {
    await sleep(Math.max(0, ageMs - kernelAgeMs(pid)));
  }

  /** Compares a percentage with the kernel's count over the same time. */
  function expectTrue({ cpuPercent }: ProcessUsage, from: KernelMark, to: KernelMark): void {
    const { low, high } = kernelCpuPercent(from, to);
    expect(cpuPercent).toBeGreaterThan(low - 5);
    expect(cpuPercent).toBeLessThan(high + 5);
  }

  /** The same, for a process that uses all it can get: `floor`, less what other work on the machine took. */
  function expectBusy(usage: ProcessUsage, from: KernelMark, to: KernelMark, floor: number): void {
    expectTrue(usage, from, to);
    expect(usage.cpuPercent + kernelCpuPercent(from, to).waited).toBeGreaterThan(floor);
  }

  describe.each([
    ['native', new LinuxReader()],
    ['pidusage', pidusageReader],
  ])('and the %s reader', (_, reader) => {
    beforeEach(() => {
      sampler = new ProcessSampler(reader);
    });

    it.each([
      ['100 for a busy core', 1, 60],
      ['200 for two', 2, 120],
    ])('reads about %s, at the first sample and later', async (_, threads, floor) => {
      const { pid } = await children.burning(threads);
      // Most of its life by then is what it is for, also where it took long to begin.
      await untilAge(pid, Math.max(500, 3 * kernelAgeMs(pid)));
      const [first, one] = await markedSample(pid);
      expectBusy(first, markOfBirth(pid), one, floor);
      await sleep(500);
      const [second, two] = await markedSample(pid);
      expectBusy(second, one, two, floor);
    });

    it('reads about 0 for a process that sleeps, and its resident memory', async () => {
      const { pid } = await children.sleeping();
      await untilAge(pid, 300);
      const [, one] = await markedSample(pid);
      await sleep(500);
      const [usage, two] = await markedSample(pid);
      expectTrue(usage, one, two);
      expect(usage.cpuPercent).toBeLessThan(5);
      expect(Math.abs(usage.memoryMb / kernelRssMib(pid) - 1)).toBeLessThan(0.02);
    });

    it('knows the memory of a process at once, its CPU at 200 ms, and that is true then', async () => {
      // A busy machine may let the first reading come late: then it shows nothing, and another child is asked.
      while ((await readingsUntilCpu(children.newborn().pid)) === 0);
    });

    /** How many readings of a newborn process know its memory alone; each is checked, the last as true. */
    async function readingsUntilCpu(pid: number): Promise<number> {
      for (let tooYoung = 0; ; tooYoung++) {
        const fromAgeMs = kernelAgeMs(pid);
        const [usage, mark] = await marked(pid, () => sampler.sampleGame(pid));
        const toAgeMs = kernelAgeMs(pid);
        // The kernel's ages come in steps of 10 ms, and so do ours.
        if (toAgeMs < 180) expect(usage?.cpuPercent ?? null).toBeNull();
        if (fromAgeMs > 220) expect(usage?.cpuPercent).toEqual(expect.any(Number));
        if (usage !== null) expect(usage.memoryMb).toBeGreaterThan(0);
        const cpuPercent = usage?.cpuPercent ?? null;
        if (usage !== null && cpuPercent !== null) {
          expectBusy({ ...usage, cpuPercent }, markOfBirth(pid), mark, 60);
          return tooYoung;
        }
        await sleep(10);
      }
    }

    it('is null as soon as a process has been killed', async () => {
      const { pid, kill } = await children.sleeping();
      await untilAge(pid, 250);
      await sample(pid);
      await kill();
      expect(await sampler.sampleGame(pid)).toBeNull();
      expect(warn).toHaveBeenCalledTimes(1);
    });

    it('is null for a zombie', async () => {
      const { pid, becomeZombie } = await children.zombieToBe();
      await untilAge(pid, 250);
      await sample(pid);
      await becomeZombie();
      expect(await sampler.sampleGame(pid)).toBeNull();
      expect(await sampler.sampleGame(pid)).toBeNull();
      expect(warn).toHaveBeenCalledTimes(1);
    });

    it('takes 1,000 samples without opening anything', async () => {
      const { pid } = await children.sleeping();
      await untilAge(pid, 250);
      await sample(pid);
      sampler.sampleOwn();
      const before = openDescriptors(process.pid);
      for (let i = 0; i < 1000; i++) {
        await sample(pid);
        sampler.sampleOwn();
      }
      expect(openDescriptors(process.pid)).toBeLessThan(before + 10);
    });
  });

  // pidusage forgets a process that nobody asked for within 60 s, by Date and an interval of its own. Those two
  // run by a fake clock here, so that a real second is more than a minute to the library; the counters, the
  // times that the percentage is made of and the kernel's are real.
  it('reads a true value at an interval longer than 60 s', async () => {
    sampler = new ProcessSampler(pidusageReader);
    const { pid } = await children.burning();
    // With an empty history, the library starts its interval anew: under the fake clock.
    pidusage.clear();
    jest.useFakeTimers({
      doNotFake: ['performance', 'nextTick', 'queueMicrotask', 'setImmediate', 'setTimeout'],
    });
    try {
      await untilAge(pid, 300);
      const [, one] = await markedSample(pid);
      expect(hasOpenFile(process.pid, `/proc/${pid}/stat`)).toBe(true);
      jest.advanceTimersByTime(120_000);
      await sleep(500);
      await waitFor(() => !hasOpenFile(process.pid, `/proc/${pid}/stat`));
      const [usage, two] = await markedSample(pid);
      expectBusy(usage, one, two, 60);
    } finally {
      jest.useRealTimers();
    }
  });

  it('measures this process, from its start and then from sample to sample', async () => {
    sampler = new ProcessSampler(pidusageReader);
    const markedOwn = () => marked(process.pid, () => sampler.sampleOwn());
    const [first, one] = await markedOwn();
    expectTrue(first, markOfBirth(process.pid), one);

    // Work for the kernel, so that system time counts as well.
    while (performance.now() < one.atMs[1] + 600) readFileSync('/proc/self/maps');
    const [second, two] = await markedOwn();
    expectBusy(second, one, two, 60);

    // Its garbage collector gives memory back at any moment.
    await waitFor(() => Math.abs(sampler.sampleOwn().memoryMb / kernelRssMib(process.pid) - 1) < 0.02);
  });
});
