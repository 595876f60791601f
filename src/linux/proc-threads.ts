import { readdirSync } from 'node:fs';
import { isGone, ProcFile, readProcText } from './proc-file.js';
import { residentBytes } from './proc-stat.js';

interface Thread {
  readonly folder: string;
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
    const tasks = `/proc/${this.pid}/task`;
    const ids = new Set(readdirSync(tasks));
    for (const id of this.threads.keys()) if (!ids.has(id)) this.forget(id);
    for (const id of ids) {
      if (this.threads.has(id)) continue;
      const folder = `${tasks}/${id}`;
      this.threads.set(id, {
        folder,
        schedstat: new ProcFile(`${folder}/schedstat`),
        children: new ProcFile(`${folder}/children`),
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

  /** Resident memory as a thread that has not ended tells it, which they share; 0 when there is none. */
  residentBytes(): number {
    for (const { folder } of this.threads.values()) {
      const statm = readOrNothing(() => readProcText(`${folder}/statm`));
      const bytes = statm === '' ? 0 : residentBytes(statm);
      if (bytes > 0) return bytes;
    }
    return 0;
  }

  /** Pids of the processes whose parent a thread is; none when the kernel does not tell. */
  childPids(): number[] {
    return [...this.threads.values()].flatMap(({ children }) => {
      const list = readOrNothing(() => children.read());
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

function readOrNothing(read: () => string): string {
  try {
    return read();
  } catch (error) {
    if (isGone(error)) return '';
    throw error;
  }
}
