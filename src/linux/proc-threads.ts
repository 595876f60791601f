import { readdirSync } from 'node:fs';
import { isGone, ProcFile } from './proc-file.js';

interface Thread {
  readonly schedstat: ProcFile;
  readonly children: ProcFile;
  /** CPU time when it was counted last. */
  countedNs: number;
}

/** The threads of one process: how long they have run, and the processes that they started. */
export class ProcThreads {
  private readonly threads = new Map<string, Thread>();

  constructor(private readonly pid: number) {}

  /** Finds the threads that there are now; throws the system's error. */
  find(): void {
    const folder = `/proc/${this.pid}/task`;
    const ids = new Set(readdirSync(folder));
    for (const id of this.threads.keys()) if (!ids.has(id)) this.forget(id);
    for (const id of ids) {
      if (this.threads.has(id)) continue;
      this.threads.set(id, {
        schedstat: new ProcFile(`${folder}/${id}/schedstat`),
        children: new ProcFile(`${folder}/${id}/children`),
        countedNs: 0,
      });
    }
  }

  /** CPU time since the last count, to the nanosecond, in ms; without that of threads that have ended since. */
  countMs(): number {
    let sumNs = 0;
    for (const [id, thread] of this.threads) {
      try {
        const ranNs = Number.parseInt(thread.schedstat.read(), 10);
        sumNs += ranNs - thread.countedNs;
        thread.countedNs = ranNs;
      } catch (error) {
        if (!isGone(error)) throw error;
        // ENOENT may as well mean that this kernel does not count; the thread can have children all the same.
        if ((error as NodeJS.ErrnoException).code === 'ESRCH') this.forget(id);
      }
    }
    return sumNs / 1e6;
  }

  /** Pids of the processes whose parent a thread is; none when the kernel does not tell. */
  childPids(): number[] {
    return [...this.threads.values()].flatMap(({ children }) => {
      const list = readOrNothing(children);
      return list === '' ? [] : list.trimEnd().split(' ').map(Number);
    });
  }

  close(): void {
    for (const id of this.threads.keys()) this.forget(id);
  }

  private forget(id: string): void {
    const thread = this.threads.get(id);
    thread?.schedstat.close();
    thread?.children.close();
    this.threads.delete(id);
  }
}

function readOrNothing(file: ProcFile): string {
  try {
    return file.read();
  } catch (error) {
    if (isGone(error)) return '';
    throw error;
  }
}
