import { readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';

/** Where the cgroups of one controller of a process are: its own folder last, the topmost that can be seen first. */
export interface CgroupFolders {
  readonly version: 1 | 2;
  readonly folders: readonly string[];
}

/** The folders of the cgroups of a controller (`cpu`, `memory`) for a process; throws the system's error when it is not there. */
export function cgroupFolders(pid: number, controller: string): CgroupFolders[] {
  return cgroupFoldersIn(
    readFileSync(`/proc/${pid}/cgroup`, 'utf8'),
    readFileSync('/proc/self/mountinfo', 'utf8'),
    controller,
  );
}

/** The same from the texts of cgroups(7) and proc(5). A machine may have both versions at once. */
export function cgroupFoldersIn(cgroups: string, mountinfo: string, controller: string): CgroupFolders[] {
  return cgroups
    .trim()
    .split('\n')
    .flatMap((line): CgroupFolders[] => {
      const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
      const isVersion2 = controllers === '';
      if (!isVersion2 && !controllers.split(',').includes(controller)) return [];
      const mount = mountOf(mountinfo, isVersion2 ? null : controller);
      return mount === null ? [] : [{ version: isVersion2 ? 2 : 1, folders: foldersUp(path, mount) }];
    });
}

/** The text of a cgroup's file; empty where there is none: the topmost has few, and another may have been removed. */
export function readCgroupFile(folder: string, name: string): string {
  try {
    return readFileSync(join(folder, name), 'utf8').trim();
  } catch {
    return '';
  }
}

interface Mount {
  /** The cgroup that is at the mount's top: not `/` in a container without a namespace of its own. */
  readonly root: string;
  readonly folder: string;
}

/** Where a controller of version 1 is mounted, or for null, version 2. */
function mountOf(mountinfo: string, controller: string | null): Mount | null {
  for (const line of mountinfo.split('\n')) {
    const [mount = '', filesystem = ''] = line.split(' - ');
    const [, , , root = '', folder = ''] = mount.split(' ');
    const [type, , options = ''] = filesystem.split(' ');
    const isIt =
      controller === null ? type === 'cgroup2' : type === 'cgroup' && options.split(',').includes(controller);
    if (isIt) return { root, folder };
  }
  return null;
}

/** The folder of a cgroup and those of all above it. */
function foldersUp(path: string, mount: Mount): string[] {
  // `/..` stands for what is outside of this process's namespace.
  const inside = normalize(path);
  const below = inside.startsWith(mount.root) ? inside.slice(mount.root.length) : inside;
  const names = below.split('/').filter((name) => name !== '');
  return Array.from({ length: names.length + 1 }, (_, depth) => join(mount.folder, ...names.slice(0, depth)));
}
