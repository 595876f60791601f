// Memory cgroups of version 1, to start real programs in. Used by unit specs of process/ and by end-to-end tests.
import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { mayMakeCgroups } from './kernel.js';

const FOLDER = '/sys/fs/cgroup/memory';

/** Where cgroups can be made; null, and tests are skipped, where this machine has others, or we may not make any. */
export const memoryCgroups = mayWrite() ? FOLDER : null;

let made = 0;

/** A cgroup for as long as it is used; its processes must have ended by then. */
export async function withMemoryCgroup(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = join(FOLDER, `vintagestory-metrics-test-${process.pid}-${++made}`);
  mkdirSync(folder);
  try {
    await use(folder);
  } finally {
    await remove(folder);
  }
}

/** The command that runs another one in a cgroup, as `cgexec` would. */
export function inCgroup(folder: string, command: readonly string[]): string[] {
  return ['sh', '-c', `echo $$ > '${join(folder, 'cgroup.procs')}' && exec "$@"`, 'sh', ...command];
}

/** One that is just ending is still in it. */
async function remove(folder: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      rmdirSync(folder);
      return;
    } catch (error) {
      const left = readFileSync(join(folder, 'cgroup.procs'), 'utf8').trim().split('\n');
      if (attempt >= 600) throw error;
      // Also what a test that failed has left behind.
      if (attempt === 20) for (const pid of left) if (pid !== '') process.kill(Number(pid), 'SIGKILL');
      await sleep(50);
    }
  }
}

function mayWrite(): boolean {
  const mounts = readFileSync('/proc/self/mounts', 'utf8');
  const mount = mounts.split('\n').find((line) => line.split(' ')[1] === FOLDER);
  if (mount === undefined) return false;
  if (mayMakeCgroups(FOLDER)) return true;
  const isReadOnly = mount.split(' ')[3]?.split(',').includes('ro') === true;
  if (process.env.CI === 'true' && !isReadOnly) throw new Error(`no cgroup can be made in ${FOLDER}`);
  return false;
}
