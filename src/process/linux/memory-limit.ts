import { type CgroupFolders, cgroupFolders, readCgroupFile } from './cgroups.js';

const MB = 1024 ** 2;

/** The lowest memory limit of a process's cgroups, in MiB, as far up as they can be seen; null when there is none, or no such process. */
export function cgroupMemoryLimitMb(pid: number): number | null {
  return orNull(() => memoryLimitMb(cgroupFolders(pid, 'memory')));
}

/** The lowest memory limit of these cgroups, in MiB; null when there is none. */
export function memoryLimitMb(cgroups: readonly CgroupFolders[]): number | null {
  const limits = cgroups.flatMap(({ version, folders }) =>
    folders.map((folder) => memoryLimitBytes(version, folder)),
  );
  const lowest = Math.min(Infinity, ...limits);
  return lowest === Infinity ? null : lowest / MB;
}

/** The memory limit of one cgroup by its folder; Infinity when it has none: version 2 says `max` then, version 1 a number that no machine reaches. */
export function memoryLimitBytes(version: 1 | 2, folder: string): number {
  const bytes = Number(readCgroupFile(folder, version === 2 ? 'memory.max' : 'memory.limit_in_bytes') || NaN);
  return bytes < 2 ** 60 ? bytes : Infinity;
}

/**
 * Counts the processes that the kernel killed for lack of memory in one process's cgroup: made while it lives, as the dead
 * have no cgroup, asked after its end. Null where that is not counted.
 */
export class OomKills {
  private constructor(
    private readonly cgroups: readonly CgroupFolders[],
    private readonly before: number | null,
  ) {}

  /** In the cgroups of a process; null when there is no such process. */
  static watch(pid: number): OomKills | null {
    return orNull(() => OomKills.in(cgroupFolders(pid, 'memory')));
  }

  /** In these cgroups, from now on. */
  static in(cgroups: readonly CgroupFolders[]): OomKills {
    return new OomKills(cgroups, oomKills(cgroups));
  }

  /** Whether any has been killed since the watch began; false where that is not counted. */
  get rose(): boolean {
    const now = oomKills(this.cgroups);
    return this.before !== null && now !== null && now > this.before;
  }
}

/**
 * How many processes the kernel killed in these cgroups for lack of memory; null where that is not counted. Only the process's own
 * cgroup is asked: in version 2 those above count what happened in others below them, in version 1 each counts its own.
 */
export function oomKills(cgroups: readonly CgroupFolders[]): number | null {
  const counts = cgroups.flatMap(({ version, folders }) => {
    const text = readCgroupFile(folders.at(-1) ?? '', version === 2 ? 'memory.events' : 'memory.oom_control');
    const count = /^oom_kill (\d+)$/m.exec(text)?.[1];
    return count === undefined ? [] : [Number(count)];
  });
  return counts.length === 0 ? null : Math.max(...counts);
}

function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
