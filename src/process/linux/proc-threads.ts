import { readdirSync } from 'node:fs';
import { isGone, ProcFile, readProcText } from './proc-file.js';
import { residentBytes } from './proc-stat.js';

interface Thread {
  readonly schedstat: ProcFile;
  readonly children: ProcFile;
  /** CPU time when it was counted last. */
  countedNs: number;
}

/** The threads of one process: how long they have run, and the processes that they started. Files stay open for each. */
export class ProcThreads {
  private readonly threads = new Map<string, Thread>();

  constructor(private readonly pid: number) {}

  /**
   * CPU time since the last count, to the nanosecond, in ms; without that of threads that have ended since. They are
   * looked for when there is another number of them than is known.
   */
  countMs(threadCount: number): number {
    if (this.threads.size !== threadCount) this.find();
    let sumNs = this.countNs();
    // Some that have ended may have hidden that there are new ones.
    if (this.threads.size < threadCount) {
      this.find();
      sumNs += this.countNs();
    }
    return sumNs / 1e6;
  }

  /** Pids of the processes whose parent a thread is; none when the kernel does not tell. */
  childPids(): number[] {
    return [...this.threads.values()].flatMap(({ children }) => pidsOf(() => children.read()));
  }

  close(): void {
    for (const id of this.threads.keys()) this.forget(id);
  }

  private countNs(): number {
    let sumNs = 0;
    for (const [id, thread] of this.threads) {
      try {
        const ranNs = thread.schedstat.readNumber();
        sumNs += ranNs - thread.countedNs;
        thread.countedNs = ranNs;
      } catch (error) {
        if (!isGone(error)) throw error;
        // ENOENT may as well mean that this kernel does not count; the thread can have children all the same.
        if ((error as NodeJS.ErrnoException).code === 'ESRCH') this.forget(id);
      }
    }
    return sumNs;
  }

  private find(): void {
    const ids = new Set(threadIds(this.pid));
    for (const id of this.threads.keys()) if (!ids.has(id)) this.forget(id);
    for (const id of ids) {
      if (this.threads.has(id)) continue;
      const folder = `/proc/${this.pid}/task/${id}`;
      this.threads.set(id, {
        schedstat: new ProcFile(`${folder}/schedstat`),
        children: new ProcFile(`${folder}/children`),
        countedNs: 0,
      });
    }
  }

  private forget(id: string): void {
    const thread = this.threads.get(id);
    thread?.schedstat.close();
    thread?.children.close();
    this.threads.delete(id);
  }
}

/** Resident memory of a process as a thread that has not ended tells it, which they share; 0 when there is none. */
export function residentBytesOfThreads(pid: number): number {
  for (const id of threadIds(pid)) {
    const statm = readOrNothing(() => readProcText(`/proc/${pid}/task/${id}/statm`));
    const bytes = statm === '' ? 0 : residentBytes(statm);
    if (bytes > 0) return bytes;
  }
  return 0;
}

/** Pids of the processes whose parent a process's first thread is; none when the kernel does not tell. */
export function childrenOfFirstThread(pid: number): number[] {
  return pidsOf(() => readProcText(`/proc/${pid}/task/${pid}/children`));
}

function threadIds(pid: number): string[] {
  return readdirSync(`/proc/${pid}/task`);
}

function pidsOf(readList: () => string): number[] {
  const list = readOrNothing(readList);
  return list === '' ? [] : list.trimEnd().split(' ').map(Number);
}

function readOrNothing(read: () => string): string {
  try {
    return read();
  } catch (error) {
    if (isGone(error)) return '';
    throw error;
  }
}
