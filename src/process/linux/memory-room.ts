import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { steadyNowMs } from '../clock.js';
import { cgroupFoldersIn, readCgroupFile } from './cgroups.js';
import { FileHead } from './file-head.js';
import { memoryLimitBytes } from './memory-limit.js';

/** Limits change rarely. */
const LOOK_EVERY_MS = 60_000;
/** When the use of a limited cgroup has changed by more, what of it could be given back is looked at again. */
const CHANGE_BYTES = 16 * 1024 ** 2;

/** A cgroup that has a limit of memory, and what is left of it. */
class LimitedCgroup {
  private readonly usage: FileHead;
  private reclaimableBytes = 0;
  private lookedAtUsage = -Infinity;

  constructor(
    private readonly version: 1 | 2,
    private readonly folder: string,
    private readonly limitBytes: number,
  ) {
    this.usage = new FileHead(join(folder, version === 2 ? 'memory.current' : 'memory.usage_in_bytes'));
  }

  /** Up to its limit, with what the kernel would take from the cache of files first. */
  roomBytes(): number {
    const used = Number(this.usage.read());
    if (Math.abs(used - this.lookedAtUsage) > CHANGE_BYTES) {
      this.lookedAtUsage = used;
      this.reclaimableBytes = this.readReclaimable();
    }
    return Math.max(0, this.limitBytes - used + this.reclaimableBytes);
  }

  close(): void {
    this.usage.close();
  }

  private readReclaimable(): number {
    const stat = readCgroupFile(this.folder, 'memory.stat');
    const name = this.version === 2 ? 'inactive_file' : 'total_inactive_file';
    return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(stat)?.[1] ?? 0);
  }
}

/** How much memory the cgroups of this process leave to it; a container's limit is one. */
export class MemoryRoom {
  private limited: LimitedCgroup[] = [];
  private lookedAtMs = -Infinity;

  /** `cgroups` and `mountinfo` read the texts of cgroups(7) and proc(5). */
  constructor(
    private readonly cgroups = () => readFileSync('/proc/self/cgroup', 'utf8'),
    private readonly mountinfo = () => readFileSync('/proc/self/mountinfo', 'utf8'),
  ) {}

  /** Infinity where nothing is limited, below what the machine has. */
  roomBytes(machineBytes: number): number {
    if (steadyNowMs() - this.lookedAtMs >= LOOK_EVERY_MS) this.look(machineBytes);
    let room = Infinity;
    for (const cgroup of this.limited) {
      try {
        room = Math.min(room, cgroup.roomBytes());
      } catch {
        // It has been removed, or this process was moved: the next look tells.
      }
    }
    return room;
  }

  close(): void {
    for (const cgroup of this.limited) cgroup.close();
    this.limited = [];
  }

  private look(machineBytes: number): void {
    this.close();
    this.lookedAtMs = steadyNowMs();
    try {
      const cgroups = cgroupFoldersIn(this.cgroups(), this.mountinfo(), 'memory');
      this.limited = cgroups.flatMap(({ version, folders }) =>
        folders.flatMap((folder) => {
          const limitBytes = memoryLimitBytes(version, folder);
          return limitBytes < machineBytes ? [new LimitedCgroup(version, folder, limitBytes)] : [];
        }),
      );
    } catch {
      this.limited = [];
    }
  }
}
