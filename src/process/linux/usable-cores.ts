import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { type CgroupFolders, cgroupFolders, readCgroupFile } from './cgroups.js';

/**
 * How many cores a process may use, 0.5 for instance: those that it may run on, or fewer by the CPU quota of its
 * cgroups, as far up as they can be seen. Throws the system's error when it is not there.
 */
export function usableCores(pid: number): number {
  const allowed = /^Cpus_allowed_list:\t(.+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
  // It may name CPUs that the machine could have.
  const runnable = Math.min(cpus().length, countOfList(allowed));
  return Math.min(runnable, coresByQuota(cgroupFolders(pid, 'cpu')));
}

/** The lowest CPU quota of these cgroups, in cores; Infinity when there is none. */
export function coresByQuota(cgroups: readonly CgroupFolders[]): number {
  const quotas = cgroups.flatMap(({ version, folders }) =>
    folders.map(version === 2 ? quotaOfVersion2 : quotaOfVersion1),
  );
  return Math.min(Infinity, ...quotas);
}

/** How many numbers a list has such as `0-3,8`; Infinity for one that is empty. */
function countOfList(list: string): number {
  const count = list.split(',').reduce((sum, range) => {
    const [first = NaN, last = first] = range.split('-').map(Number);
    return sum + last - first + 1;
  }, 0);
  return Number.isNaN(count) ? Infinity : count;
}

/** `max 100000` or `50000 100000`: µs in a period of so many. */
function quotaOfVersion2(folder: string): number {
  const [quota = 'max', period] = readCgroupFile(folder, 'cpu.max').split(' ');
  return quota === 'max' || quota === '' ? Infinity : Number(quota) / Number(period);
}

/** -1: no quota. */
function quotaOfVersion1(folder: string): number {
  const quota = Number(readCgroupFile(folder, 'cpu.cfs_quota_us'));
  return quota > 0 ? quota / Number(readCgroupFile(folder, 'cpu.cfs_period_us')) : Infinity;
}
