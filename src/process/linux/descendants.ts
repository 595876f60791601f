import { readdir, readFile } from 'node:fs/promises';

/**
 * Pids of the descendants of a process, parents before their children, at most `most`; none where the kernel does not
 * tell. It opens a file for each thread, one after the other: not for every sample.
 */
export async function descendantsOf(pid: number, most: number): Promise<number[]> {
  const found = new Set([pid]);
  // Those that are added come up in turn.
  for (const parent of found) {
    for (const child of await childrenOf(parent)) {
      found.add(child);
      if (found.size > most) return [...found].slice(1);
    }
  }
  return [...found].slice(1);
}

async function childrenOf(pid: number): Promise<number[]> {
  const children: number[] = [];
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  for (const thread of threads) {
    const list = await readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => '');
    children.push(...list.split(' ').filter(Boolean).map(Number));
  }
  return children;
}
