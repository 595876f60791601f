import { existsSync } from 'node:fs';
import { steadyNowMs } from '../clock.js';
import { MAX_THREADS_READ, type ProcCounters, ProcProcess } from './proc-process.js';
import { childrenOfFirstThread } from './proc-threads.js';
import { type ProcParent, StartedProcesses } from './started-processes.js';

/** A process can come without a new pid: to the first one of a pid namespace, whose orphans it takes in. */
const ORPHANS_EVERY_MS = 60_000;
/** How often one reading begins anew because something ended during it. */
const MAX_READINGS = 4;
/** For each ms that the looks for new processes of a large tree cost, none is made for so long. */
const REST_PER_MS = 4000;
const MAX_REST_MS = 10_000;

/** A process with all of its descendants, read again and again; `close` it in the end. */
export class ProcTree {
  /** The root first. */
  private readonly members = new Map<number, ProcProcess>();
  private started = new StartedProcesses();
  private orphansSoughtAtMs = -Infinity;
  private restUntilMs = -Infinity;
  /** Whether it has so many threads that asking each of them for children would cost too much. */
  private isLarge = false;
  /** The member with the most threads. */
  private largestPid: number;

  constructor(readonly rootPid: number) {
    this.largestPid = rootPid;
  }

  /** What has joined the tree was started after this, on the steady clock, if it is new at all. */
  get lookedAtMs(): number {
    return this.started.lookedAtMs;
  }

  /**
   * Every process of the tree as it is now, the root first; none when the root is gone. Rejects with the system's error
   * when one of them may not be read.
   */
  async read(): Promise<ProcCounters[]> {
    if (this.members.size > 0) {
      const processes = await this.readAll();
      if (processes.length > 0) return processes;
    }
    // The root is not known yet, or gone; another process may have its pid.
    this.forgetAll();
    return this.begin() ? this.readAll() : [];
  }

  close(): void {
    this.started.close();
    this.forgetAll();
  }

  private begin(): boolean {
    this.started.close();
    this.started = new StartedProcesses();
    this.restUntilMs = -Infinity;
    const root = new ProcProcess(this.rootPid);
    this.members.set(this.rootPid, root);
    const counters = root.read();
    if (counters === null) this.forgetAll();
    else this.isLarge = counters.threadCount > MAX_THREADS_READ;
    return counters !== null;
  }

  private async readAll(): Promise<ProcCounters[]> {
    const mayHaveGrown = this.started.check();
    const orphans = this.orphans();
    if (mayHaveGrown && this.isLarge && steadyNowMs() >= this.restUntilMs) await this.findStarted();
    if (!mayHaveGrown || this.isLarge) {
      this.join(orphans);
      return this.count(false);
    }
    const processes = this.count(true);
    this.started.looked();
    return processes;
  }

  /** Finds new processes among those of the machine. */
  private async findStarted(): Promise<void> {
    const isFirst = this.started.lookedAtMs === -Infinity;
    const before = process.cpuUsage();
    const threads = `/proc/${this.largestPid}/task`;
    const isThread = (id: number) => id !== this.largestPid && existsSync(`${threads}/${id}`);
    this.join(await this.started.find(isThread));
    this.started.looked();
    // The first look is at all processes, and the only one of its kind.
    if (isFirst) return;
    const { user, system } = process.cpuUsage(before);
    this.restUntilMs = steadyNowMs() + Math.min(MAX_REST_MS, (REST_PER_MS * (user + system)) / 1000);
  }

  /** Once in a while the children of each member's first thread, to which the kernel gives orphans. */
  private orphans(): ProcParent[] {
    if (steadyNowMs() - this.orphansSoughtAtMs < ORPHANS_EVERY_MS) return [];
    this.orphansSoughtAtMs = steadyNowMs();
    return [...this.members.keys()].flatMap((parentPid) =>
      childrenOfFirstThread(parentPid).map((pid) => ({ pid, parentPid })),
    );
  }

  private join(candidates: readonly ProcParent[]): void {
    // A child may be named before its parent: pids start anew when they have reached the greatest.
    let membersBefore: number;
    do {
      membersBefore = this.members.size;
      for (const { pid, parentPid } of candidates) if (this.members.has(parentPid)) this.add(pid);
    } while (this.members.size > membersBefore);
  }

  private add(pid: number): void {
    if (this.members.get(pid)?.hasEnded() === false) return;
    this.forget(pid);
    this.members.set(pid, new ProcProcess(pid));
  }

  /** The members that are still there, with children that they have got since if those are to be found. */
  private count(findsChildren: boolean): ProcCounters[] {
    let found = this.readMembers(findsChildren);
    // One that is missing has ended, maybe after its parent was read: then that does not tell of its time yet. Or it
    // was handed to another parent whose children had been listed.
    for (let readings = 1; readings < MAX_READINGS && found.size < this.members.size; readings++) {
      this.forgetAllBut(found);
      found = this.readMembers(findsChildren);
    }
    this.forgetAllBut(found);
    const processes = [...found.values()];
    const threadCounts = processes.map(({ threadCount }) => threadCount);
    this.largestPid = processes[threadCounts.indexOf(Math.max(...threadCounts))]?.pid ?? this.rootPid;
    this.isLarge = threadCounts.reduce((sum, count) => sum + count, 0) > MAX_THREADS_READ;
    return processes;
  }

  /** Those members that are there, and are still descendants of the root. */
  private readMembers(findsChildren: boolean): Map<number, ProcCounters> {
    const found = new Map<number, ProcCounters>();
    // Those that are added come up in turn.
    for (const [pid, member] of this.members) {
      const counters = member.read();
      if (counters === null) continue;
      found.set(pid, counters);
      if (findsChildren) for (const childPid of member.childPids()) this.add(childPid);
    }
    const strangers = [...found.keys()].filter((pid) => !this.isDescendant(pid, found));
    for (const pid of strangers) found.delete(pid);
    return found;
  }

  private isDescendant(pid: number, found: ReadonlyMap<number, ProcCounters>): boolean {
    let at = found.get(pid);
    for (let steps = 0; at !== undefined && steps <= found.size; steps++) {
      if (at.pid === this.rootPid) return true;
      at = found.get(at.parentPid);
    }
    return false;
  }

  private forgetAllBut(found: ReadonlyMap<number, ProcCounters>): void {
    for (const pid of this.members.keys()) if (!found.has(pid)) this.forget(pid);
  }

  private forgetAll(): void {
    for (const pid of this.members.keys()) this.forget(pid);
  }

  private forget(pid: number): void {
    this.members.get(pid)?.close();
    this.members.delete(pid);
  }
}
