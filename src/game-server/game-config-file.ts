import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const MAX_BYTES = 4 * 1024 * 1024;
/** From here on the game's own arithmetic overflows, and nothing is checked. */
const DISK_OVERFLOW_MB = 2048;

/** At what the game ends itself; null: not known, or not checked. */
export interface GameLimits {
  /** `DieAboveMemoryUsageMb`: resident memory, looked at once a minute. */
  readonly memoryMb: number | null;
  /** `DieBelowDiskSpaceMb`. */
  readonly diskFreeMb: number | null;
}

const NONE: GameLimits = { memoryMb: null, diskFreeMb: null };

/**
 * The game's `serverconfig.json`, read again when it has changed. A file that is missing, or cannot be understood, is no error: the
 * game writes it, and a person edits it.
 */
export class GameConfigFile {
  private readonly path: string;
  private version = '';
  private last = NONE;

  constructor(dataPath: string) {
    this.path = join(dataPath, 'serverconfig.json');
  }

  /** The limits as of now; while the file is being written, or broken, those that it last had. */
  get limits(): GameLimits {
    try {
      const stats = statSync(this.path, { bigint: true });
      const version = [stats.ino, stats.size, stats.mtimeNs].join(' ');
      if (version !== this.version && stats.isFile() && stats.size <= MAX_BYTES) {
        this.version = version;
        this.last = gameLimits(readFileSync(this.path, 'utf8')) ?? this.last;
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        this.version = '';
        this.last = NONE;
      }
    }
    return this.last;
  }
}

/** The limits in the text of a `serverconfig.json`; null when it is no JSON object. */
export function gameLimits(text: string): GameLimits | null {
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
