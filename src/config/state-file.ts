import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type z } from 'zod';
import { makeFolder } from './data-dir.js';

/** A JSON file in the data folder, of a shape that is checked when it is read. */
export class StateFile<S extends z.ZodType> {
  constructor(
    readonly path: string,
    private readonly schema: S,
  ) {}

  /** Null when there is no file; throws {@link CorruptStateFile} for one that makes no sense, or the system's error. */
  read(): z.output<S> | null {
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
    try {
      return this.schema.parse(JSON.parse(text));
    } catch {
      throw new CorruptStateFile(this.path);
    }
  }

  /** Replaces the file in one step: after a crash, and after a power cut, it is the old one or the new one. */
  write(value: z.input<S>): void {
    const folder = dirname(this.path);
    makeFolder(folder);
    const fresh = `${this.path}.new`;
    // What lies there may be a link to another file.
    rmSync(fresh, { force: true });
    withOpen(fresh, 'wx', (descriptor) => {
      writeFileSync(descriptor, `${JSON.stringify(value, null, 2)}\n`);
      fsyncSync(descriptor);
    });
    renameSync(fresh, this.path);
    // The new name as well; Windows opens no folders.
    if (process.platform !== 'win32') withOpen(folder, 'r', fsyncSync);
  }

  /** Renames the file, so that somebody can look at it; gives the new path. */
  setAside(): string {
    const asidePath = `${this.path}.corrupt-${new Date().toISOString().replaceAll(':', '-')}`;
    renameSync(this.path, asidePath);
    return asidePath;
  }

  /** Says in words what was wrong when reading failed; a file that cannot be understood is set aside. */
  explain(error: Error): string {
    if (!(error instanceof CorruptStateFile)) return error.message;
    try {
      return `${error.message}; it is now ${this.setAside()}`;
    } catch (asideError) {
      return `${error.message}; it cannot be set aside: ${(asideError as Error).message}`;
    }
  }
}

/** A state file cannot be understood. */
export class CorruptStateFile extends Error {
  constructor(path: string) {
    super(`${path} is corrupt`);
  }
}

function withOpen(path: string, flags: string, use: (descriptor: number) => void): void {
  const descriptor = openSync(path, flags);
  try {
    use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
