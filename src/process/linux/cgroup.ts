import { readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';

/** The folder of a cgroup, in one of the two versions of cgroups. */
export interface CgroupFolder {
  readonly version: 1 | 2;
  readonly folder: string;
}

interface Mount {
  /** The cgroup that is at the mount's top: not `/` in a container without a namespace of its own. */
  readonly root: string;
  readonly folder: string;
}

/**
 * The folders of the cgroups in which a process is limited by a controller (`cpu`, `memory`), as far up as they can be
 * seen; from the texts of `/proc/PID/cgroup` (cgroups(7)) and `/proc/self/mountinfo` (proc(5)).
 */
export function cgroupFolders(cgroups: string, mountinfo: string, controller: string): CgroupFolder[] {
  return cgroups
    .trim()
    .split('\n')
    .flatMap((line): CgroupFolder[] => {
      const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
      if (controllers === '') return foldersUp(path, mountOf(mountinfo, 2, controller), 2);
      if (!controllers.split(',').includes(controller)) return [];
      return foldersUp(path, mountOf(mountinfo, 1, controller), 1);
    });
}

/** The text of a file of a cgroup; empty where it is not there: the topmost has few, and one may have been removed. */
export function readOrNothing(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function mountOf(mountinfo: string, version: 1 | 2, controller: string): Mount | null {
  for (const line of mountinfo.split('\n')) {
    const [mount = '', filesystem = ''] = line.split(' - ');
    const [, , , root = '', folder = ''] = mount.split(' ');
    const [type, , options = ''] = filesystem.split(' ');
    if (version === 2 ? type === 'cgroup2' : type === 'cgroup' && options.split(',').includes(controller))
      return { root, folder };
  }
  return null;
}

/** The folder of a cgroup and those of all above it. */
function foldersUp(path: string, mount: Mount | null, version: 1 | 2): CgroupFolder[] {
  if (mount === null) return [];
  // `/..` stands for what is outside of this process's namespace.
  const inside = normalize(path);
  const below = inside.startsWith(mount.root) ? inside.slice(mount.root.length) : inside;
  const names = below.split('/').filter((name) => name !== '');
  return Array.from({ length: names.length + 1 }, (_, depth) => ({
    version,
    folder: join(mount.folder, ...names.slice(0, depth)),
  }));
}
