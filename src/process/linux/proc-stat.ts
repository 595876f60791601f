import { readFileSync } from 'node:fs';
import { endianness, uptime } from 'node:os';
import { readProcText } from './proc-file.js';

const { pageBytes, tickMs } = kernelUnits();

/** Milliseconds of one kernel clock tick. */
export const TICK_MS = tickMs;

/** /proc/uptime is rounded, and read a little before the clock that it is compared with. */
const ROUNDING_MS = 1000;

/** By less than this a CPU time told in ticks lags behind: user and system time are each rounded down. */
export const CPU_ROUNDING_MS = 2 * TICK_MS;

/** The fields of `/proc/PID/stat` from the third, the state, on; throws when there is no such process. */
export function readStatFields(pid: number | string): string[] {
  return statFields(readProcText(`/proc/${pid}/stat`));
}

/** The fields of a text of `/proc/PID/stat` from the third, the state, on. */
export function statFields(stat: string): string[] {
  // The program's name, in parentheses, may itself hold spaces and parentheses.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** Resident memory from a text of `/proc/PID/statm`: what VmRSS says, where the memory field of `stat` lags behind. */
export function residentBytes(statm: string): number {
  return Number(statm.split(' ', 2)[1]) * pageBytes;
}

/** Says whether those fields are of a process that has ended and waits to be noticed. */
export function hasEnded(fields: readonly string[]): boolean {
  const [state, threadCount] = [fields[0], Number(fields[17])];
  // A first thread that ended before the others is a zombie as well, and the process lives on.
  return (state === 'Z' && threadCount <= 1) || state === 'X';
}

/**
 * Time since the machine's start, on the clock of the start ticks. In a container /proc/uptime may count from the
 * container's start; the monotonic clock does not, but stands still while a machine sleeps.
 */
export function machineUptimeMs(): number {
  return Math.max(uptime() * 1000, Number(process.hrtime.bigint() / 1_000_000n));
}

/**
 * By how much /proc/uptime lags behind the clock of the start ticks, where it counts from a container's start (lxcfs);
 * else 0.
 */
export function virtualUptimeLagMs(): number {
  if (process.platform !== 'linux') return 0;
  const lagMs = machineUptimeMs() - uptime() * 1000;
  return lagMs > ROUNDING_MS ? lagMs : 0;
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
