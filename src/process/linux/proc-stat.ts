import { readFileSync } from 'node:fs';
import { endianness, uptime } from 'node:os';
import { steadyNowMs } from '../clock.js';
import { isLinux } from '../platform.js';
import { readProcText } from './proc-file.js';

const { pageBytes, tickMs } = kernelUnits();

/** Milliseconds of one kernel clock tick. */
export const TICK_MS = tickMs;

/** The fields that follow the program's name, and the last of them that is used. */
const FIRST_FIELD = 3;
const LAST_FIELD = 22;
/** Among the flags of a task (include/linux/sched.h). */
const PF_EXITING = 4;

/** /proc/uptime is rounded, and read a little before the clock that it is compared with. */
const ROUNDING_MS = 1000;

/** By less than this a CPU time told in ticks lags behind: user and system time are each rounded down. */
export const CPU_ROUNDING_MS = 2 * TICK_MS;

/** What is used here of `/proc/PID/stat`, by the numbers of its fields in proc(5). */
export interface ProcStat {
  /** One letter (3): `R` running, `S` sleeping, `Z` zombie, for example. */
  readonly state: string;
  /** (4) */
  readonly parentPid: number;
  /** The process group's leader (5). */
  readonly groupId: number;
  /** Whether its first thread is ending, or has ended (PF_EXITING in 9): what the kernel still says of it need not hold. */
  readonly isExiting: boolean;
  /** CPU time of the process itself, user (14) and system (15), each rounded down to a tick. */
  readonly ownMs: number;
  /** The same (16, 17) of its children that have ended and been waited for, and of theirs. */
  readonly reapedMs: number;
  /** (20) */
  readonly threadCount: number;
  /** When it started, in clock ticks since the machine's start (22). */
  readonly startTick: number;
}

/** Reads `/proc/PID/stat`; throws the system's error when there is no such process. */
export function readStat(pid: number | string): ProcStat {
  return parseStat(readProcText(`/proc/${pid}/stat`));
}

/** Names the fields of a text of `/proc/PID/stat`. */
export function parseStat(text: string): ProcStat {
  // The program's name (2), in parentheses, may itself hold spaces and parentheses. No field after the last is used.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ', LAST_FIELD - FIRST_FIELD + 1);
  const numberAt = (field: number) => Number(fields[field - FIRST_FIELD]);
  return {
    state: fields[0] ?? '',
    parentPid: numberAt(4),
    groupId: numberAt(5),
    isExiting: (numberAt(9) & PF_EXITING) !== 0,
    ownMs: (numberAt(14) + numberAt(15)) * TICK_MS,
    reapedMs: (numberAt(16) + numberAt(17)) * TICK_MS,
    threadCount: numberAt(20),
    startTick: numberAt(LAST_FIELD),
  };
}

/** Resident memory from a text of `/proc/PID/statm`: what VmRSS says, where the memory field of `stat` lags behind. */
export function residentBytes(statm: string): number {
  return Number(statm.split(' ', 2)[1]) * pageBytes;
}

/** Says whether that is a process that has ended and waits to be noticed. */
export function hasEnded({ state, threadCount }: ProcStat): boolean {
  // A first thread that ended before the others is a zombie as well, and the process lives on.
  return (state === 'Z' && threadCount <= 1) || state === 'X';
}

/**
 * Time since the machine's start, on the clock of the start ticks. In a container /proc/uptime may count from the
 * container's start; the steady clock does not, but stands still while a machine sleeps.
 */
export function machineUptimeMs(): number {
  return Math.max(uptime() * 1000, steadyNowMs());
}

/**
 * By how much /proc/uptime lags behind the clock of the start ticks, where it counts from a container's start (lxcfs);
 * else 0.
 */
export function virtualUptimeLagMs(): number {
  if (!isLinux) return 0;
  const lagMs = machineUptimeMs() - uptime() * 1000;
  return lagMs > ROUNDING_MS ? lagMs : 0;
}

/** Page size and clock tick from the auxiliary vector (getauxval(3)), which needs no program to be started. */
function kernelUnits(): { pageBytes: number; tickMs: number } {
  const AT_PAGESZ = 6;
  const AT_CLKTCK = 17;
  const units = { pageBytes: 4096, tickMs: 10 };
  if (!isLinux) return units;
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
