import Database from 'libsql';
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { makeFolder } from './data-dir.js';

const locks = new Map<string, DataDirLock>();

/** The lock of a data folder: one for each folder in this process, whoever asks for it. */
export function dataDirLock(dataDir: string): DataDirLock {
  const file = join(resolve(dataDir), 'metrics.lock');
  const lock = locks.get(file) ?? new DataDirLock(file);
  locks.set(file, lock);
  return lock;
}

/**
 * The sole right of a process to use a data folder: to write the archive in it, and to run the game that belongs to
 * it. It works across processes and containers (pid namespaces): SQLite's lock on an empty file, which the kernel
 * releases when the process ends, in whatever way. Until then nobody gives it up.
 */
export class DataDirLock {
  private held: { readonly db: Database.Database; readonly inode: number } | null = null;

  constructor(readonly file: string) {}

  /**
   * Takes the lock unless this process has it already; false while another process has it. Makes the folder; throws
   * the system's or SQLite's error where there can be no lock.
   */
  take(): boolean {
    // Whoever deletes the folder deletes the lock with it, and then another process can make one.
    if (this.held !== null && inodeOf(this.file) === this.held.inode) return true;
    makeFolder(join(this.file, '..'));
    if ((statSync(this.file, { throwIfNoEntry: false })?.size ?? 0) > 0) {
      throw new Error(`${this.file} is not empty, so it is not this app's; remove it`);
    }
    const db = new Database(this.file);
    try {
      // No journal beside the file: nothing is ever written into it.
      db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    } catch (error) {
      db.close();
      if (String((error as NodeJS.ErrnoException).code).startsWith('SQLITE_BUSY')) return false;
      throw error;
    }
    this.held?.db.close();
    this.held = { db, inode: statSync(this.file).ino };
    return true;
  }
}

function inodeOf(file: string): number | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false })?.ino;
  } catch {
    return undefined;
  }
}
