import { readdirSync, readFileSync } from 'node:fs';
import { isLinux } from '../process/platform.js';
import { type LinuxProcess, linuxProcess } from '../process/process-identity.js';

/** The variable in the game's environment by which its processes are known, should its pid never be written down. */
export const MARK_VARIABLE = 'VINTAGESTORY_METRICS_MARK';

/** A process group that bears a mark; its first process may have gone. */
export interface MarkedGroup {
  readonly leaderPid: number;
  readonly isLeaderAlive: boolean;
}

/** Says whether a process was started with a mark; null where that cannot be read (another user's, not Linux). */
export function hasMark(pid: number | string, mark: string): boolean | null {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`${MARK_VARIABLE}=${mark}`);
  } catch {
    return null;
  }
}

/**
 * The process group that was started with a mark, among those that this user may see (Linux); null when there is none.
 * Whatever the game starts inherits the mark: the group is that of the process whose parent does not bear it, and of
 * several (a daemon of the game's, an orphan) the oldest that leads its group.
 */
export function findMarkedGroup(mark: string): MarkedGroup | null {
  const marked = markedProcesses(mark);
  const topmost = [...marked.entries()]
    .filter(([, { parentPid }]) => !marked.has(parentPid))
    .sort(([, a], [, b]) => a.startTick - b.startTick);
  const [leader] = topmost.find(([pid, { groupId }]) => pid === groupId) ?? [];
  if (leader !== undefined) return { leaderPid: leader, isLeaderAlive: true };
  const [, orphan] = topmost[0] ?? [];
  return orphan === undefined ? null : { leaderPid: orphan.groupId, isLeaderAlive: false };
}

function markedProcesses(mark: string): Map<number, LinuxProcess> {
  const found = new Map<number, LinuxProcess>();
  if (!isLinux) return found;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || hasMark(name, mark) !== true) continue;
    try {
      const process = linuxProcess(name);
      if (process !== null) found.set(Number(name), process);
    } catch {
      // It has just ended.
    }
  }
  return found;
}
