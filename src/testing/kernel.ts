// What the kernel says of a process. Used by unit specs and end-to-end tests.
import { accessSync, constants, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/*
 * What the kernel itself says about a process, read from /proc with nothing of ours in between: what a reading
 * is compared with. Linux only; the fields are described in proc(5).
 */

/** Times in /proc count in ticks of 1/100 s (USER_HZ), on every platform that Node runs on. */
const TICK_MS = 10;

/** CPU time that a process has used since it started, user and system, in ms. */
export function kernelCpuMs(pid: number): number {
  const { utime, stime } = kernelStat(pid);
  return (utime + stime) * TICK_MS;
}

/** How long ago a process started, in ms. */
export function kernelAgeMs(pid: number): number {
  const uptimeMs = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000;
  return uptimeMs - kernelStat(pid).starttime * TICK_MS;
}

/** How long a process's threads were ready to run but kept waiting for a core since it started, in ms. */
function kernelWaitedMs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const waitedNs = threads.map((thread) => {
    try {
      const [, waited] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
      return Number(waited);
    } catch {
      // It has just ended.
      return 0;
    }
  });
  return waitedNs.reduce((sum, ns) => sum + ns, 0) / 1e6;
}

/** What the kernel had counted at least just before and at most just after a reading, and when that was. */
export interface KernelMark {
  readonly atMs: readonly [before: number, after: number];
  readonly cpuMs: readonly [before: number, after: number];
  readonly waitedMs: number;
}

/** Does something to a process between two looks at the kernel's counters. */
export async function marked<T>(pid: number, read: () => T | Promise<T>): Promise<[T, KernelMark]> {
  const before = { atMs: performance.now(), cpuMs: kernelCpuMs(pid) };
  const result = await read();
  const after = { cpuMs: kernelCpuMs(pid), atMs: performance.now() };
  return [
    result,
    {
      atMs: [before.atMs, after.atMs],
      // User and system time are each cut to whole ticks.
      cpuMs: [before.cpuMs, after.cpuMs + 2 * TICK_MS],
      waitedMs: kernelWaitedMs(pid),
    },
  ];
}

/** The start of a process; the kernel tells its age to a tick. */
export function markOfBirth(pid: number): KernelMark {
  const beforeMs = performance.now();
  const ageMs = kernelAgeMs(pid);
  const afterMs = performance.now();
  return { atMs: [beforeMs - ageMs - TICK_MS, afterMs - ageMs + TICK_MS], cpuMs: [0, 0], waitedMs: 0 };
}

/**
 * CPU percent that a process used between two readings, by the kernel's count. The counters move on while they
 * are read, more so on a busy machine: what can be said is `low` to `high`. `waited` is what else it would have
 * used, had it never been kept waiting for a core.
 */
export function kernelCpuPercent(
  from: KernelMark,
  to: KernelMark,
): { low: number; high: number; waited: number } {
  const longestMs = to.atMs[1] - from.atMs[0];
  const shortestMs = to.atMs[0] - from.atMs[1];
  return {
    low: (100 * (to.cpuMs[0] - from.cpuMs[1])) / longestMs,
    high: (100 * (to.cpuMs[1] - from.cpuMs[0])) / shortestMs,
    waited: (100 * (to.waitedMs - from.waitedMs)) / shortestMs,
  };
}

/** State letter of a process: `R` running, `S` sleeping, `Z` zombie; null when there is none. */
export function kernelState(pid: number): string | null {
  try {
    return kernelStat(pid).state;
  } catch {
    return null;
  }
}

/** How many children of a process's first thread are zombies. */
export function kernelZombies(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return children.split(' ').filter((child) => kernelState(Number(child)) === 'Z').length;
}

/** Resident memory (VmRSS) of a process, in MiB. */
export function kernelRssMib(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kib === undefined) throw new Error(`process ${pid} has no VmRSS`);
  return Number(kib) / 1024;
}

/** How many descriptors a process has open. */
export function openDescriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Whether a process has a certain file open. */
export function hasOpenFile(pid: number, path: string): boolean {
  return readdirSync(`/proc/${pid}/fd`).some((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`) === path;
    } catch {
      // The descriptor with which the folder was listed is closed by now.
      return false;
    }
  });
}

/** Some fields of /proc/PID/stat, by their names in proc(5). */
function kernelStat(pid: number): { state: string; utime: number; stime: number; starttime: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // From the third on: the second, the program's name, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const field = (number: number) => Number(fields[number - 3]);
  return { state: fields[0] ?? '', utime: field(14), stime: field(15), starttime: field(22) };
}

/** Says whether a process exists and is not a zombie. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Whether cgroups can be made below this one, and processes put into them. */
export function mayMakeCgroups(folder: string): boolean {
  try {
    accessSync(join(folder, 'cgroup.procs'), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
