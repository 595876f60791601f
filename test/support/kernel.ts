import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/*
 * What the kernel itself says about a process, read from /proc with nothing of ours in between: what a reading
 * is compared with. Linux only; the fields are described in proc(5).
 */

/** Times in /proc count in ticks of 1/100 s (USER_HZ), on every platform that Node runs on. */
const TICK_MS = 10;

/** CPU time that a process has used since it started, user and system, in ms. */
export function kernelCpuMs(pid: number): number {
  const fields = statFields(pid);
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** How long ago a process started, in ms. */
export function kernelAgeMs(pid: number): number {
  const uptimeMs = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000;
  return uptimeMs - Number(statFields(pid)[19]) * TICK_MS;
}

/** State letter of a process: `R` running, `S` sleeping, `Z` zombie; null when there is none. */
export function kernelState(pid: number): string | null {
  try {
    return statFields(pid)[0] ?? null;
  } catch {
    return null;
  }
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

/** The fields of /proc/PID/stat from the third on; the second, the program's name, may hold anything. */
function statFields(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
