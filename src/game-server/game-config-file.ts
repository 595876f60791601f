import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { steadyNowMs } from '../process/clock.js';

const MAX_BYTES = 4 * 1024 * 1024;
const LOOK_EVERY_MS = 2000;
/** From here on the game's own arithmetic overflows, and nothing is checked. */
const DISK_OVERFLOW_MB = 2048;

/** At what the game ends itself; null: not known, or not checked. */
export interface OwnLimits {
  /** `DieAboveMemoryUsageMb`: resident memory, looked at once a minute. */
  readonly memoryMb: number | null;
  /** `DieBelowDiskSpaceMb`. */
  readonly diskFreeMb: number | null;
}

const NONE: OwnLimits = { memoryMb: null, diskFreeMb: null };

/**
 * The game's `serverconfig.json`, read again when it has changed. A file that is missing, or cannot be understood, is no error: the
 * game writes it, and a person edits it. It is looked at aside, and nobody waits for it: its disk may hang.
 */
export class GameConfigFile {
  private readonly path: string;
  private version = '';
  private last = NONE;
  private looking: Promise<void> | null = null;
  private nextAtMs = -Infinity;

  constructor(dataPath: string) {
    this.path = join(dataPath, 'serverconfig.json');
    void this.look();
  }

  /** The limits as of a look some seconds ago; while the file is being written, or broken, those that it last had. */
  get limits(): OwnLimits {
    if (steadyNowMs() >= this.nextAtMs) void this.look();
    return this.last;
  }

  /** Looks now, unless that is being done; never rejects. */
  look(): Promise<void> {
    return (this.looking ??= this.read().finally(() => {
      this.looking = null;
      this.nextAtMs = steadyNowMs() + LOOK_EVERY_MS;
    }));
  }

  private async read(): Promise<void> {
    try {
      const stats = await stat(this.path, { bigint: true });
      const version = [stats.ino, stats.size, stats.mtimeNs].join(' ');
      if (version === this.version || !stats.isFile() || stats.size > MAX_BYTES) return;
      this.last = ownLimits(await readFile(this.path, 'utf8')) ?? this.last;
      this.version = version;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return;
      this.version = '';
      this.last = NONE;
    }
  }
}

/** The limits in the text of a `serverconfig.json`; null when it is no JSON object. */
export function ownLimits(text: string): OwnLimits | null {
  let config: unknown;
  try {
    config = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    return null;
  }
  if (typeof config !== 'object' || config === null || Array.isArray(config)) return null;
  const { DieAboveMemoryUsageMb, DieBelowDiskSpaceMb } = config as Record<string, unknown>;
  const disk = positive(DieBelowDiskSpaceMb);
  return {
    memoryMb: positive(DieAboveMemoryUsageMb),
    diskFreeMb: disk !== null && disk < DISK_OVERFLOW_MB ? disk : null,
  };
}

function positive(value: unknown): number | null {
  return typeof value === 'number' && value > 0 ? value : null;
}
