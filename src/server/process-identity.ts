import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { hasEnded, machineUptimeMs, readStatFields, TICK_MS } from '../linux/proc-stat.js';

/**
 * A text that tells one process from every other that has had or will have the same pid, or null when there
 * is no live process with that pid. On Linux: the kernel's boot id and the process's start tick (field 22 of
 * `/proc/PID/stat`, proc(5)); elsewhere: the start time that `ps` prints.
 */
export function processIdentity(pid: number): string | null {
  try {
    return process.platform === 'linux' ? linuxIdentity(pid) : psIdentity(pid);
  } catch {
    return null;
  }
}

/**
 * Process group and start tick of a process that lives, from `/proc/PID/stat` (Linux); null for a zombie, which
 * has ended and merely waits for its parent to notice. Throws when there is no such process.
 */
export function linuxProcess(pid: number | string): { groupId: number; startTick: string } | null {
  const fields = readStatFields(pid);
  const [groupId, startTick] = [fields[2], fields[19]];
  if (hasEnded(fields) || startTick === undefined) return null;
  return { groupId: Number(groupId), startTick };
}

/** How long ago a live process started, by a clock that never jumps; null where that cannot be read. */
export function processAgeMs(pid: number): number | null {
  try {
    const found = linuxProcess(pid);
    if (found === null) return null;
    return Math.max(0, machineUptimeMs() - Number(found.startTick) * TICK_MS);
  } catch {
    return null;
  }
}

function linuxIdentity(pid: number): string | null {
  const found = linuxProcess(pid);
  if (found === null) return null;
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return `${bootId} ${found.startTick}`;
}

function psIdentity(pid: number): string | null {
  const started = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  return started === '' ? null : started;
}
