import { existsSync, readdirSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { steadyNowMs } from '../clock.js';
import { isGone, ProcFile, readProcText } from './proc-file.js';

/** Up to so many new ids are looked at one by one, which costs less than to list all processes of the machine. */
const MAX_PROBES = 64;
/** An id is given out a little before its process can be seen: so many are looked at a second time. */
const IN_PROGRESS = 8;
/** More are not given out, for long, by any machine: how soon pids may have come round to where they were. */
const MAX_FORKS_PER_MS = 1;
const SMALLEST_PID_MAX = 32_768;
/** How long a look at many processes holds the event loop before it lets others have a turn. */
const SLICE_MS = 0.5;

/** A process and the one that it is a child of. */
export interface ProcParent {
  readonly pid: number;
  readonly parentPid: number;
}

/**
 * Tells which processes were started since the last look. Linux numbers processes and threads one after the other,
 * so that costs by what was started meanwhile on the whole machine, however many threads a process has.
 */
export class StartedProcesses {
  /** The id given out last in this pid namespace. */
  private readonly lastPidFile = new ProcFile('/proc/sys/kernel/ns_last_pid');
  private readonly maxAgeMs = pidMax() / MAX_FORKS_PER_MS;
  /** As of the last look; null: unknown. */
  private seenPid: number | null = null;
  private seenAtMs = -Infinity;
  private isSettled = false;
  private lastPid: number | null = null;
  private checkedAtMs = 0;

  /** When the last look began, on the steady clock. */
  get lookedAtMs(): number {
    return this.seenAtMs;
  }

  /** Says whether a look is worth while. Ask before it: what comes meanwhile shows at the next one. */
  check(): boolean {
    this.lastPid = this.readLastPid();
    this.checkedAtMs = steadyNowMs();
    const isNothingNew = this.lastPid !== null && this.lastPid === this.seenPid && this.isSettled;
    if (isNothingNew) this.seenAtMs = this.checkedAtMs;
    return !isNothingNew;
  }

  /** Those that were started since the last look and are still there, maybe others, too. */
  find(isKnownThread: (id: number) => boolean): Promise<ProcParent[]> {
    const { seenPid, lastPid } = this;
    const isAgeKnown = seenPid !== null && lastPid !== null && lastPid >= seenPid;
    const isRecent = this.checkedAtMs - this.seenAtMs < this.maxAgeMs;
    const ids = isAgeKnown && isRecent ? idsBetween(seenPid, lastPid) : processes(0);
    return parentsOf(ids, isKnownThread);
  }

  /** To be called after a look, at whatever was checked before it. */
  looked(): void {
    this.isSettled = this.lastPid === this.seenPid;
    this.seenPid = this.lastPid;
    this.seenAtMs = this.checkedAtMs;
  }

  close(): void {
    this.lastPidFile.close();
  }

  /** Null where the kernel does not tell (it needs CONFIG_CHECKPOINT_RESTORE). */
  private readLastPid(): number | null {
    try {
      return Number(this.lastPidFile.read());
    } catch {
      return null;
    }
  }
}

/** Ids after one and up to another: those of all that was started, or of the processes alone. */
function idsBetween(before: number, lastPid: number): number[] {
  const from = Math.max(0, before - IN_PROGRESS);
  if (lastPid - before > MAX_PROBES) return processes(from);
  const ids: number[] = [];
  for (let id = from + 1; id <= lastPid; id++) if (existsSync(`/proc/${id}`)) ids.push(id);
  return ids;
}

/** Pids of the machine's processes above one. */
function processes(from: number): number[] {
  // What is not a number is not greater than one.
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > from);
}

async function parentsOf(
  ids: readonly number[],
  isKnownThread: (id: number) => boolean,
): Promise<ProcParent[]> {
  let beganMs = steadyNowMs();
  const found: ProcParent[] = [];
  for (const id of ids) {
    if (steadyNowMs() - beganMs > SLICE_MS) {
      await setImmediate();
      beganMs = steadyNowMs();
    }
    if (isKnownThread(id)) continue;
    const parentPid = readParentPid(id);
    if (parentPid !== null) found.push({ pid: id, parentPid });
  }
  return found;
}

/** Null for a thread other than a process's first, and when it is gone. */
function readParentPid(id: number): number | null {
  try {
    // Not `stat`: that adds up all threads.
    const [, processId, parentPid] =
      /\nTgid:\t(\d+)\n[^]*\nPPid:\t(\d+)\n/.exec(readProcText(`/proc/${id}/status`)) ?? [];
    return Number(processId) === id ? Number(parentPid) : null;
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

function pidMax(): number {
  try {
    return Number(readProcText('/proc/sys/kernel/pid_max'));
  } catch {
    return SMALLEST_PID_MAX;
  }
}
