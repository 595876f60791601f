import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { makeFolder } from '../config/data-dir.js';
import { ALLOWED_INTERVAL, isAllowedInterval } from '../metrics/metrics.config.js';

/** An interval in seconds, under the same rule as `VS_METRICS_INTERVAL`. */
export const intervalSeconds = z
  .number(`${ALLOWED_INTERVAL}, or null`)
  .refine(isAllowedInterval, `${ALLOWED_INTERVAL}, or null`);

// Keys of a newer version are kept when the file is written again.
const storedSettings = z.looseObject({ intervalSeconds: intervalSeconds.optional() });

/** What was set by hand: a value that is absent was not. */
export type StoredSettings = z.output<typeof storedSettings>;

/** The file `settings.json` in the folder where state is kept. */
export class SettingsFile {
  private readonly path: string;

  constructor(private readonly dataDir: string) {
    this.path = join(dataDir, 'settings.json');
  }

  /** Empty settings when there is no file; throws {@link CorruptSettings} for one that makes no sense. */
  read(): StoredSettings {
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
      throw error;
    }
    try {
      return storedSettings.parse(JSON.parse(text));
    } catch {
      throw new CorruptSettings(this.path);
    }
  }

  /** Replaces the file in one step: after a crash, and after a power cut, it is the old one or the new one. */
  write(settings: StoredSettings): void {
    makeFolder(this.dataDir);
    const newPath = `${this.path}.new`;
    const descriptor = openSync(newPath, 'w');
    try {
      writeFileSync(descriptor, `${JSON.stringify(settings, null, 2)}\n`);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(newPath, this.path);
  }

  /** Renames the file, so that somebody can look at it; gives the new path. */
  setAside(): string {
    const asidePath = `${this.path}.corrupt-${new Date().toISOString().replaceAll(':', '-')}`;
    renameSync(this.path, asidePath);
    return asidePath;
  }
}

/** The settings file cannot be understood. */
export class CorruptSettings extends Error {
  constructor(path: string) {
    super(`${path} is corrupt`);
  }
}
