import { readdirSync } from 'node:fs';
import { isGone } from './linux/proc-file.js';
import { isLinux, isWindows } from './platform.js';
import { isHidden, linuxProcess } from './process-identity.js';

/**
 * Sends a signal to every process of a group (on Windows, which has no groups, to the leader alone). Throws when
 * we may not signal any of them, and for numbers that mean more than one group (0: our own, 1: everything).
 */
export function signalGroup(leaderPid: number, signal: NodeJS.Signals): void {
  if (!Number.isInteger(leaderPid) || leaderPid <= 1) throw new Error(`${leaderPid} is no process group`);
  try {
    process.kill(isWindows ? leaderPid : -leaderPid, signal);
  } catch (error) {
    // ESRCH: the last process of the group has just gone, which is what was asked for.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Says whether any process of a group lives. */
export function isGroupAlive(leaderPid: number): boolean {
  if (isWindows) return false;
  try {
    process.kill(-leaderPid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  // Twice, because the first look misses the child of a process that forks and ends while we look.
  return !isLinux || hasLivingMember(leaderPid) || hasLivingMember(leaderPid);
}

/**
 * The signal alone does not tell: it finds zombies too. What a dead wrapper left behind is a zombie until pid 1
 * sees to it, which in a container, where pid 1 may be this very process, is never. About 10 µs per process.
 */
function hasLivingMember(groupId: number): boolean {
  try {
    return readdirSync('/proc').some((name) => /^\d+$/.test(name) && isLivingMember(name, groupId));
  } catch {
    // No free descriptor, say: the signal found something, and nothing says that it is dead.
    return true;
  }
}

function isLivingMember(pid: string, groupId: number): boolean {
  try {
    return linuxProcess(pid)?.groupId === groupId;
  } catch (error) {
    // Gone, or another user's whom we may not see: the signal found one that we may.
    if (isGone(error) || isHidden(error)) return false;
    throw error;
  }
}
