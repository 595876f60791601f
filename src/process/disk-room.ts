import { statfs } from 'node:fs/promises';
import { steadyNowMs } from './clock.js';

const LOOK_EVERY_MS = 60_000;
/** After one that failed: at a first start the folder is made soon. */
const LOOK_AGAIN_MS = 5_000;
/** Of two looks, and what they take. */
const MAX_AGE_MS = 150_000;

/**
 * How much room is on the disk of a folder. It is looked at once a minute at most, aside: nobody waits for it, and while a
 * look hangs (a network disk) no other is begun.
 */
export class DiskRoom {
  private isLooking = false;
  private nextAtMs = -Infinity;
  private known: { readonly bytes: number; readonly atMs: number } | null = null;

  constructor(
    private readonly folder: string,
    private readonly statDisk: (folder: string) => Promise<{ bavail: number; bsize: number }> = statfs,
  ) {}

  /** Bytes that a program may still write, as of the last look; null before it, when it failed, or when it is too old. */
  freeBytes(): number | null {
    const nowMs = steadyNowMs();
    if (!this.isLooking && nowMs >= this.nextAtMs) void this.look(nowMs);
    return this.known !== null && nowMs - this.known.atMs <= MAX_AGE_MS ? this.known.bytes : null;
  }

  private async look(nowMs: number): Promise<void> {
    this.isLooking = true;
    this.nextAtMs = nowMs + LOOK_EVERY_MS;
    try {
      const { bavail, bsize } = await this.statDisk(this.folder);
      this.known = { bytes: bavail * bsize, atMs: steadyNowMs() };
    } catch {
      this.known = null;
      this.nextAtMs = nowMs + LOOK_AGAIN_MS;
    } finally {
      this.isLooking = false;
    }
  }
}
