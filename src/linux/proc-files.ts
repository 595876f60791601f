import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { endianness, uptime } from 'node:os';

/** One process as Linux counts it: fields of `/proc/PID/stat` and `statm` (proc(5)). */
export interface ProcProcess {
  readonly pid: number;
  /** When it started, in clock ticks since the machine's start: with the pid, its identity. */
  readonly startTick: number;
  readonly isZombie: boolean;
  /** CPU time of the process itself, user and system. */
  readonly ownMs: number;
  /** CPU time of its children that have ended and been waited for, and of theirs. */
  readonly reapedMs: number;
  readonly rssBytes: number;
}

const { pageBytes, tickMs } = kernelUnits();

/** Milliseconds of one kernel clock tick. */
export const TICK_MS = tickMs;

const buffer = Buffer.allocUnsafe(4096);

/** The fields of `/proc/PID/stat` from the third, the state, on; throws when there is no such process. */
export function readStatFields(pid: number | string): string[] {
  const stat = readSmall(`/proc/${pid}/stat`);
  // The program's name, in parentheses, may itself hold spaces and parentheses.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** Says whether a state, the first of those fields, is that of a process that has ended and waits to be noticed. */
export function hasEnded(state: string | undefined): boolean {
  return state === 'Z' || state === 'X';
}

/**
 * Time since the machine's start, on the clock of the start ticks. In a container /proc/uptime may count from the
 * container's start; the monotonic clock does not, but stands still while a machine sleeps.
 */
export function machineUptimeMs(): number {
  return Math.max(uptime() * 1000, Number(process.hrtime.bigint() / 1_000_000n));
}

/** Reads one process; null when it does not exist; throws the system's error when it may not be read. */
export function readProcess(pid: number): ProcProcess | null {
  try {
    const fields = readStatFields(pid);
    // `statm` is exact where the memory field of `stat` lags behind.
    const residentPages = Number(readSmall(`/proc/${pid}/statm`).split(' ', 2)[1]);
    return {
      pid,
      isZombie: hasEnded(fields[0]),
      ownMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS,
      reapedMs: (Number(fields[13]) + Number(fields[14])) * TICK_MS,
      startTick: Number(fields[19]),
      rssBytes: residentPages * pageBytes,
    };
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

/** Pids of the children of every thread of a process; none when it is gone or the kernel does not tell. */
export function readChildren(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
      const children = readSmall(`/proc/${pid}/task/${thread}/children`);
      return children === '' ? [] : children.trimEnd().split(' ').map(Number);
    });
  } catch {
    return [];
  }
}

/** Reads a short file of /proc in three system calls; the list of 500 children fits. */
function readSmall(path: string): string {
  const fd = openSync(path, 'r');
  try {
    return buffer.toString('latin1', 0, readSync(fd, buffer, 0, buffer.length, 0));
  } finally {
    closeSync(fd);
  }
}

function isGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ESRCH';
}

/** Page size and clock tick from the auxiliary vector (getauxval(3)), which needs no program to be started. */
function kernelUnits(): { pageBytes: number; tickMs: number } {
  const AT_PAGESZ = 6;
  const AT_CLKTCK = 17;
  const units = { pageBytes: 4096, tickMs: 10 };
  if (process.platform !== 'linux') return units;
  const wordBytes = process.arch === 'arm' || process.arch === 'ia32' ? 4 : 8;
  const vector = readFileSync('/proc/self/auxv');
  const word = (at: number) =>
    endianness() === 'LE' ? vector.readUIntLE(at, 4) : vector.readUIntBE(at + wordBytes - 4, 4);
  for (let at = 0; at + 2 * wordBytes <= vector.length; at += 2 * wordBytes) {
    if (word(at) === AT_PAGESZ) units.pageBytes = word(at + wordBytes);
    if (word(at) === AT_CLKTCK) units.tickMs = 1000 / word(at + wordBytes);
  }
  return units;
}
