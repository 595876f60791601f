import { afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { kernelCpuMs, kernelRssMib, kernelState, openDescriptors } from '../testing/kernel.js';
import { isAsleep } from '../testing/children.js';
import { countersOf, READERS } from '../testing/process-readers.js';
import { waitFor } from '../testing/wait-for.js';
import { describeWith } from '../testing/components.js';
import { type ProcCounters, ProcProcess } from './linux/proc-process.js';
import { LinuxReader } from './linux/linux-reader.js';
import { processIdentity } from './process-identity.js';
import { type ProcessReader } from './process-reader.js';

const BURN = 'for (;;);';
const children: ChildProcess[] = [];

function run(command: string, ...args: string[]): number {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'], detached: true });
  children.push(child);
  if (child.pid === undefined) throw new Error(`${command} did not start`);
  return child.pid;
}

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.pid === undefined) continue;
    const ended = child.exitCode ?? child.signalCode ?? once(child, 'exit');
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // Gone already.
    }
    await ended;
  }
});

/** Waits until a reader has counted so much more of CPU time, however little of it a busy machine gives. */
async function counted(reader: ProcessReader, pid: number, ms: number): Promise<void> {
  const before = await countersOf(reader, pid);
  await waitFor(async () => (await countersOf(reader, pid)).cpuMs > before.cpuMs + ms);
}

describe.each(READERS)('a reader of processes (%s)', (_name, create) => {
  let reader: ProcessReader;

  beforeAll(async () => {
    reader = create();
    await reader.read(process.pid);
  });

  it('reads resident memory', async () => {
    const script = "const b = Buffer.alloc(64e6, 1); setInterval(() => b[0], 1e6); console.log('filled')";
    const pid = run(process.execPath, '-e', script);
    await once(children[0]?.stdout ?? process.stdin, 'data');
    expect(kernelRssMib(pid)).toBeGreaterThan(90);
    // Once it has come to rest.
    await waitFor(async () => {
      const { rssBytes } = await countersOf(reader, pid);
      return Math.abs(rssBytes / 1024 / 1024 / kernelRssMib(pid) - 1) < 0.02;
    });
  });

  it('answers null for a process that is gone, was killed, or never was', async () => {
    const pid = run('sleep', '60');
    await countersOf(reader, pid);
    const exited = once(children[0] as ChildProcess, 'exit');
    process.kill(pid, 'SIGKILL');
    await exited;
    expect(await reader.read(pid)).toBeNull();
    expect(await reader.read(2 ** 22 + 1)).toBeNull();
  });

  it('answers null for a zombie', async () => {
    // The shell becomes a program that never waits for the child that it has inherited.
    const parent = run('sh', '-c', 'sleep 60 & echo $!; exec sleep 60');
    const [line] = (await once(children[0]?.stdout ?? process.stdin, 'data')) as [Buffer];
    const pid = Number(line.toString());
    expect(await reader.read(pid)).not.toBeNull();
    await waitFor(() => isAsleep(parent));
    process.kill(pid, 'SIGKILL');
    await waitFor(async () => (await reader.read(pid)) === null);
    expect(() => process.kill(pid, 0)).not.toThrow();
  });

  it('keeps the number of open descriptors over 1,000 readings', async () => {
    const pid = run('sleep', '60');
    await countersOf(reader, pid);
    const before = openDescriptors(process.pid);
    for (let i = 0; i < 1000; i++) await reader.read(pid);
    expect(openDescriptors(process.pid)).toBeLessThan(before + 10);
  });
});

describe('the native reader', () => {
  const reader = new LinuxReader();

  it('gives exactly the same start time each time', async () => {
    const pid = run('sleep', '60');
    const { startedAtMs } = await countersOf(reader, pid);
    await delay(50);
    expect((await countersOf(reader, pid)).startedAtMs).toBe(startedAtMs);
  });

  it('agrees with VmRSS to the page', async () => {
    const pid = run('sleep', '60');
    await waitFor(() => isAsleep(pid));
    expect((await countersOf(reader, pid)).rssBytes).toBe(kernelRssMib(pid) * 1024 * 1024);
  });

  it('agrees with VmRSS about this process', () => {
    const before = kernelRssMib(process.pid);
    const ownMib = reader.ownRssBytes() / 1024 / 1024;
    const after = kernelRssMib(process.pid);
    expect(ownMib).toBeGreaterThan(Math.min(before, after) - 0.1);
    expect(ownMib).toBeLessThan(Math.max(before, after) + 0.1);
  });

  it('never says of one that is being taken apart that it has no memory', async () => {
    const keep =
      "globalThis.kept = Buffer.alloc(400 * 1024 ** 2, 1); console.log('kept'); setInterval(() => {}, 1e6)";
    const pid = run(process.execPath, '-e', keep);
    await once(children[0]?.stdout ?? process.stdin, 'data');
    const reader = new LinuxReader();
    await countersOf(reader, pid);
    process.kill(pid, 'SIGKILL');
    const rss: number[] = [];
    for (let counters = await reader.read(pid); counters !== null; counters = await reader.read(pid))
      rss.push(counters.rssBytes);
    reader.onApplicationShutdown();
    expect(rss.filter((bytes) => bytes === 0)).toEqual([]);
  });

  it('closes its files at shutdown', async () => {
    const before = openDescriptors(process.pid);
    const another = new LinuxReader();
    another.ownRssBytes();
    await countersOf(another, run('sleep', '60'));
    expect(openDescriptors(process.pid)).toBeGreaterThan(before + 4);
    another.onApplicationShutdown();
    // What is left are the pipes of the child; those of the one before may have been closed meanwhile.
    expect(openDescriptors(process.pid)).toBeLessThanOrEqual(before + 2);
  });

  it('reads a name with spaces and parentheses', async () => {
    const pid = run(process.execPath, '-e', 'process.title = "a) R 1 (b"; setInterval(() => 0, 1e6)');
    await waitFor(async () => (await countersOf(reader, pid)).rssBytes > 1e6);
    expect((await countersOf(reader, pid)).cpuMs).toBeLessThan(5000);
  });

  it('measures a wrapper whole: memory and CPU of its child', async () => {
    const pid = run('sh', '-c', `"${process.execPath}" -e "${BURN}"; true`);
    await waitFor(async () => (await countersOf(reader, pid)).rssBytes > 30e6);
    await counted(reader, pid, 140);
    expect(kernelRssMib(pid)).toBeLessThan(10);
  });

  it('misses nothing of children that live shorter than the interval', async () => {
    const pid = run(
      'sh',
      '-c',
      'while :; do sh -c "i=0; while [ \\$i -lt 30000 ]; do i=\\$((i+1)); done"; done',
    );
    await waitFor(() => reapedMs(pid) > 0);
    const [before, reaped] = [await countersOf(reader, pid), reapedMs(pid)];
    await waitFor(() => reapedMs(pid) > reaped + 300);
    expect((await countersOf(reader, pid)).cpuMs - before.cpuMs).toBeGreaterThan(200);
  });

  it.each([
    ['nothing was forked since', []],
    ['something was', ['true']],
  ])('lets go of a child that leaves the tree when %s', async (_what, [forked]) => {
    // What the inner shell has started lives on after it, as a child of process 1.
    const pid = run('sh', '-c', 'sh -c "sleep 60 & echo; read line"; echo; read line');
    const [child] = children;
    await once(child?.stdout ?? process.stdin, 'data');
    // Both shells wait, and their child has become the program that it is to be.
    await waitFor(() => tree(pid).filter(isAsleep).length === 1);
    await waitFor(() => tree(pid).every((member) => kernelState(member) === 'S'));
    const [before, whole] = [await countersOf(reader, pid), treeRssBytes(pid)];
    expect(before.rssBytes).toBe(whole);
    child?.stdin?.write('go on\n');
    await once(child?.stdout ?? process.stdin, 'data');
    await waitFor(() => childPids(pid).length === 0 && kernelState(pid) === 'S');
    if (forked !== undefined) execFileSync(forked);
    const after = await countersOf(reader, pid);
    expect(after.rssBytes).toBe(treeRssBytes(pid));
    expect(after.rssBytes).toBeLessThan(whole);
    expect(after.cpuMs).toBeGreaterThanOrEqual(before.cpuMs);
  });

  it('measures a thousand children, more than a page lists, and keeps few files open', async () => {
    const pid = run('sh', '-c', 'i=0; while [ $i -lt 1000 ]; do sleep 60 & i=$((i+1)); done; echo; wait');
    await once(children[0]?.stdout ?? process.stdin, 'data');
    await waitFor(() => childPids(pid).every(isAsleep) && kernelState(pid) === 'S');
    const before = openDescriptors(process.pid);
    expect((await countersOf(reader, pid)).rssBytes).toBe(treeRssBytes(pid));
    expect(openDescriptors(process.pid) - before).toBeLessThanOrEqual(256);
    expect(childPids(pid)).toHaveLength(1000);
  });

  it('finds children that a thread started', async () => {
    const script = `new (require('node:worker_threads').Worker)(
      "require('node:child_process').spawnSync('sleep', ['60'])", { eval: true })`;
    const pid = run(process.execPath, '-e', script);
    const sleeps = () => childPids(pid).length;
    await waitFor(() => sleeps() > 0);
    // Once both have come to rest.
    await waitFor(async () => (await countersOf(reader, pid)).rssBytes === treeRssBytes(pid));
    expect(treeRssBytes(pid)).toBeGreaterThan(kernelRssMib(pid) * 1024 * 1024);
  });
});

/** What happens to a tree while it is being read: between the look at a process's children and that at the next. */
describe('the native reader, while it reads', () => {
  const reader = new LinuxReader();
  afterEach(() => {
    jest.restoreAllMocks();
  });

  /** Does something once, when the first process has been read and the others have not. */
  function afterFirst(act: () => void): void {
    const original: () => ProcCounters | null = Reflect.get(ProcProcess.prototype, 'read');
    jest.spyOn(ProcProcess.prototype, 'read').mockImplementationOnce(function (this: ProcProcess) {
      const counters = original.call(this);
      act();
      return counters;
    });
  }

  it('counts a child once that ends and is waited for', async () => {
    const pid = run('sh', '-c', 'sh -c "while :; do :; done"; read line');
    await waitFor(() => childPids(pid).some((child) => kernelCpuMs(child) > 300));
    const [child = NaN] = childPids(pid);
    const beganMs = performance.now();
    const before = await countersOf(reader, pid);
    afterFirst(() => {
      process.kill(child, 'SIGKILL');
      while (existsSync(`/proc/${child}`));
    });
    const during = await countersOf(reader, pid);
    const after = await countersOf(reader, pid);
    const elapsedMs = performance.now() - beganMs;
    expect(during.cpuMs).toBeGreaterThanOrEqual(before.cpuMs);
    expect(after.cpuMs - before.cpuMs).toBeLessThan(elapsedMs + 60);
  });

  it('counts all of a child that is started', async () => {
    const pid = run(
      'sh',
      '-c',
      `trap 'sh -c "while :; do :; done" &' USR1; sleep 60 & echo; wait; wait; wait`,
    );
    await once(children[0]?.stdout ?? process.stdin, 'data');
    const before = await countersOf(reader, pid);
    const [sleeper] = childPids(pid);
    afterFirst(() => {
      process.kill(pid, 'SIGUSR1');
      while (childPids(pid).length < 2);
      for (const endMs = performance.now() + 60; performance.now() < endMs;);
    });
    // Finds the child, or the next one does; what it has used by then counts as well.
    await countersOf(reader, pid);
    const burner = childPids(pid).find((child) => child !== sleeper) ?? NaN;
    await waitFor(() => kernelCpuMs(burner) > 400);
    const after = await countersOf(reader, pid);
    expect(after.cpuMs - before.cpuMs).toBeGreaterThan(370);
  });
});

// Its threads come with the package that has perlbug, too.
describeWith('perl', '/usr/bin/perlbug')(
  'the native reader, of threads that outlive or replace the first',
  () => {
    const reader = new LinuxReader();
    // Ends the calling thread alone (exit(2)), which no language offers.
    const exitThread = `syscall(${process.arch === 'arm64' ? 93 : 60}, 0)`;

    it('measures the others', async () => {
      const burn = `my $memory = 'x' x 50_000_000; 1 while 1`;
      const pid = run('perl', '-Mthreads', '-e', `threads->create(sub { ${burn} }); sleep 1; ${exitThread}`);
      await waitFor(() => kernelState(pid) === 'Z');
      await counted(reader, pid, 100);
      await waitFor(async () => (await countersOf(reader, pid)).rssBytes > 50e6);
      expect(processIdentity(pid)).not.toBeNull();
    });

    it('goes on counting when another thread runs a new program', async () => {
      const script = `$| = 1; my $i = 0; $i++ while $i < 3_000_000;
      threads->create(sub { print "up\n"; <STDIN>; exec 'sleep', '60' })->join`;
      const pid = run('perl', '-Mthreads', '-e', script);
      const [child] = children;
      await once(child?.stdout ?? process.stdin, 'data');
      const before = await countersOf(reader, pid);
      child?.stdin?.write('go on\n');
      await waitFor(() => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sleep\n');
      const after = await countersOf(reader, pid);
      expect(before.cpuMs).toBeGreaterThan(30);
      expect(after.cpuMs).toBeGreaterThanOrEqual(before.cpuMs);
      expect(after.cpuMs).toBeLessThan(before.cpuMs + 60);
    });
  },
);

describeWith('perl', '/usr/bin/perlbug')('the native reader, of a process of many threads', () => {
  const reader = new LinuxReader();

  it('finds a child that one of them starts, lets go of it, counts it, and opens no file for each thread', async () => {
    const script = `$| = 1; threads->create(sub { sleep 60 }) for 1..40;
      threads->create(sub { print "up\n"; <STDIN>;
        system('sh', '-c', 'i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done; read line'); sleep 60 })->join`;
    const pid = run('perl', '-Mthreads', '-e', script);
    const [child] = children;
    await once(child?.stdout ?? process.stdin, 'data');
    const descriptors = openDescriptors(process.pid);
    const before = await countersOf(reader, pid);
    expect(openDescriptors(process.pid) - descriptors).toBeLessThan(20);
    // Once the last of the threads has come to rest.
    await waitFor(async () => (await countersOf(reader, pid)).rssBytes === treeRssBytes(pid));
    child?.stdin?.write('go on\n');
    await waitFor(() => childPids(pid).length === 1);
    const [burner = NaN] = childPids(pid);
    await waitFor(async () => (await countersOf(reader, pid)).rssBytes > kernelRssMib(pid) * 1024 * 1024);
    const during = await countersOf(reader, pid);
    const burntMs = kernelCpuMs(burner);
    expect((await countersOf(reader, pid)).cpuMs - before.cpuMs).toBeGreaterThan(burntMs - 40);
    child?.stdin?.write('go on\n');
    await waitFor(() => childPids(pid).length === 0);
    const after = await countersOf(reader, pid);
    expect(after.cpuMs).toBeGreaterThanOrEqual(during.cpuMs);
    await waitFor(async () => (await countersOf(reader, pid)).rssBytes === treeRssBytes(pid));
  });
});

/** A process and all of its descendants, found another way than the reader does. */
function tree(pid: number): number[] {
  const parents = allParents();
  const members = [pid];
  for (const parent of members) for (const [child, of] of parents) if (of === parent) members.push(child);
  return members;
}

/** Resident memory of all of them. */
function treeRssBytes(pid: number): number {
  return tree(pid).reduce((sum, member) => sum + Math.round(kernelRssMib(member) * 1024 * 1024), 0);
}

/** CPU time of a process's children that have ended and were waited for, in ms. */
function reapedMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[13]) + Number(fields[14])) * 10;
}

function childPids(pid: number): number[] {
  return [...allParents()].filter(([, parent]) => parent === pid).map(([child]) => child);
}

/** The parent of every process of the machine. */
function allParents(): Map<number, number> {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const [, parent] = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
      parents.set(Number(name), Number(parent));
    } catch {
      // It has ended since.
    }
  }
  return parents;
}

describe('the native reader', () => {
  it('counts the threads of the whole tree, as the kernel does', async () => {
    const pid = run(
      process.execPath,
      '-e',
      "const child = require('node:child_process').spawn('sleep', ['60']); child.once('spawn', () => console.log(child.pid));",
    );
    const [line] = (await once(children.at(-1)?.stdout ?? process.stdin, 'data')) as [Buffer];
    const threadsOf = (id: number) =>
      Number(/^Threads:\t(\d+)$/m.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1]);
    const reader = new LinuxReader();
    // Once it has started all of its own.
    await waitFor(async () => {
      const { threadCount } = await countersOf(reader, pid);
      return threadCount === threadsOf(pid) + threadsOf(Number(line));
    });
    expect(threadsOf(pid)).toBeGreaterThan(1);
    reader.onApplicationShutdown();
  });
});
