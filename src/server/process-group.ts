const isWindows = process.platform === 'win32';

/** Sends a signal to every process of a group (on Windows, which has no groups, to the leader alone). */
export function signalGroup(leaderPid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(isWindows ? leaderPid : -leaderPid, signal);
  } catch (error) {
    // ESRCH: the last process of the group has just gone, which is what was asked for.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Says whether any process of a group is left. */
export function isGroupAlive(leaderPid: number): boolean {
  if (isWindows) return false;
  try {
    process.kill(-leaderPid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
