import { ProcFile } from './proc-file.js';
import { type ProcCounters, ProcProcess } from './proc-process.js';

/** A process can come without a new pid: to the first one of a pid namespace, whose orphans it takes in. */
const MAX_AGE_OF_WALK_MS = 60_000;
/** How often one reading begins anew because something ended during it. */
const MAX_WALKS = 4;

/** A process with all of its descendants, read again and again; `close` it in the end. */
export class ProcTree {
  private readonly members = new Map<number, ProcProcess>();
  /** The pid given out last in this pid namespace, to a process or a thread: while it stands, none was started. */
  private readonly lastPidFile = new ProcFile('/proc/sys/kernel/ns_last_pid');
  private lastPid: string | null = null;
  private walkedAt = -Infinity;

  constructor(readonly rootPid: number) {}

  /**
   * Every process of the tree as it is now, the root first; none when the root is gone. Throws the system's error
   * when one of them may not be read.
   */
  read(): ProcCounters[] {
    // Read before the tree is: what comes meanwhile shows at the next reading.
    const lastPid = this.readLastPid();
    const isWalkOld = performance.now() - this.walkedAt >= MAX_AGE_OF_WALK_MS;
    const mayHaveGrown = lastPid === null || lastPid !== this.lastPid || isWalkOld;
    this.lastPid = null;
    let known = [...this.members.keys()];
    let found = mayHaveGrown ? this.walk() : this.follow();
    // One that is missing has ended, maybe after its parent was read: then that does not tell of its time yet. Or it
    // was handed to another parent whose children had been listed, or this one's list changed under the reading.
    for (let walks = 1; walks < MAX_WALKS && known.some((pid) => !found.has(pid)); walks++) {
      known = [...found.keys()];
      found = this.walk();
    }
    this.lastPid = lastPid;
    for (const pid of this.members.keys()) if (!found.has(pid)) this.forget(pid);
    return [...found.values()];
  }

  close(): void {
    this.lastPidFile.close();
    for (const pid of this.members.keys()) this.forget(pid);
  }

  /** From the root on, to whatever is somebody's child. */
  private walk(): Map<number, ProcCounters> {
    this.walkedAt = performance.now();
    const found = new Map<number, ProcCounters>();
    const pids = [this.rootPid];
    for (const pid of pids) {
      if (found.has(pid)) continue;
      const counters = this.members.get(pid)?.read(true) ?? this.readNew(pid);
      if (counters === null) continue;
      found.set(pid, counters);
      pids.push(...(this.members.get(pid)?.childPids() ?? []));
    }
    return found;
  }

  /** Those of the last reading that are still there, and whose parents are. */
  private follow(): Map<number, ProcCounters> {
    const found = new Map<number, ProcCounters>();
    for (const [pid, member] of this.members) {
      const counters = member.read(false);
      if (counters === null) continue;
      if (pid === this.rootPid || found.has(counters.parentPid)) found.set(pid, counters);
    }
    return found;
  }

  private readNew(pid: number): ProcCounters | null {
    // One with this pid may be known, and have ended. Set anew it comes last, after its parent.
    this.forget(pid);
    const member = new ProcProcess(pid);
    this.members.set(pid, member);
    return member.read(true);
  }

  private forget(pid: number): void {
    this.members.get(pid)?.close();
    this.members.delete(pid);
  }

  /** Null where the kernel does not tell (it needs CONFIG_CHECKPOINT_RESTORE). */
  private readLastPid(): string | null {
    try {
      return this.lastPidFile.read();
    } catch {
      return null;
    }
  }
}
