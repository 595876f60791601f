import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { isGone } from './linux/proc-file.js';
import { hasEnded, machineUptimeMs, readStat, TICK_MS } from './linux/proc-stat.js';
import { isLinux } from './platform.js';

/**
 * What is known of the process that has a pid. `identity` tells it from every other that has had or will have the
 * same pid: on Linux the kernel's boot id and the process's start tick (field 22 of `/proc/PID/stat`, proc(5)),
 * elsewhere the start time that `ps` prints. A zombie has ended. `unseen`: there may be one, and `why` nobody can tell.
 */
export type ProcessLook =
  | { readonly state: 'alive'; readonly identity: string }
  | { readonly state: 'gone' }
  | { readonly state: 'unseen'; readonly why: string };

/** What the kernel says of a process that lives. */
export interface LinuxProcess {
  readonly parentPid: number;
  readonly groupId: number;
  /** In clock ticks since the machine's start. */
  readonly startTick: number;
}

let bootId: string | undefined;

/** Looks at the process that has a pid now. */
export function lookAt(pid: number): ProcessLook {
  try {
    const identity = isLinux ? linuxIdentity(pid) : psIdentity(pid);
    if (identity !== null) return { state: 'alive', identity };
    if (isLinux) return { state: 'gone' };
  } catch (error) {
    if (isLinux && !isGone(error) && !isHidden(error)) {
      return { state: 'unseen', why: (error as Error).message };
    }
  }
  if (!processExists(pid)) return { state: 'gone' };
  const why = isLinux ? 'this user may not see it (hidepid)' : 'ps does not show it';
  return { state: 'unseen', why };
}

/** Identity of a live process, see {@link ProcessLook}; null when it has gone or cannot be seen. */
export function processIdentity(pid: number): string | null {
  const look = lookAt(pid);
  return look.state === 'alive' ? look.identity : null;
}

/** What `/proc/PID/stat` says (Linux); null for a zombie. Throws the system's error when it cannot be read. */
export function linuxProcess(pid: number | string): LinuxProcess | null {
  const stat = readStat(pid);
  return hasEnded(stat) ? null : stat;
}

/** Says whether an error means that this user may not see a process (`hidepid=1`; with 2 it looks gone). */
export function isHidden(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EPERM' || code === 'EACCES';
}

/** How long ago a live process started, by a clock that never jumps; null where that cannot be read. */
export function processAgeMs(pid: number): number | null {
  try {
    const found = linuxProcess(pid);
    if (found === null) return null;
    return Math.max(0, machineUptimeMs() - found.startTick * TICK_MS);
  } catch {
    return null;
  }
}

/** A text that differs from one start of the machine to the next; null elsewhere than on Linux. */
export function currentBoot(): string | null {
  try {
    bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return bootId;
  } catch {
    return null;
  }
}

/** Names the pid namespace (a container's) that this process is in; null elsewhere than on Linux. */
export function pidNamespace(): string | null {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return null;
  }
}

/** Says whether a process, or a zombie, has this pid, also one that may not be seen; nothing is started for it. */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function linuxIdentity(pid: number): string | null {
  const found = linuxProcess(pid);
  return found === null ? null : `${currentBoot() ?? ''} ${found.startTick}`;
}

function psIdentity(pid: number): string | null {
  const started = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  return started === '' ? null : started;
}
