import { type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** The pids of all processes below `child` whose command line (words ended by NUL) fits. Linux only. */
export function descendants({ pid: root }: ChildProcess, commandLine: RegExp): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const parents = new Map(pids.map((pid) => [Number(pid), parentOf(pid)]));
  const isBelow = (pid: number): boolean => {
    const parent = parents.get(pid);
    return parent !== undefined && parent !== null && (parent === root || isBelow(parent));
  };
  return pids
    .filter((pid) => isBelow(Number(pid)) && commandLine.test(read(`/proc/${pid}/cmdline`) ?? ''))
    .map(Number);
}

function parentOf(pid: string): number | null {
  const stat = read(`/proc/${pid}/stat`);
  return stat === null ? null : Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

/** Null when the process has ended meanwhile. */
function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
