import { type Connection, openConnection } from './sqlite.js';

/**
 * The sole right to write into a folder, across processes and containers: SQLite's lock on a small file of its own,
 * which the kernel releases when the process ends, in whatever way. The archive's own file stays open to readers.
 */
export class FolderLock {
  private readonly db: Connection;

  /** Throws SQLITE_BUSY while somebody else has the lock. */
  constructor(file: string) {
    this.db = openConnection(file);
    try {
      // No journal beside the file: nothing is ever written into it.
      this.db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    } catch (error) {
      this.db.close();
      throw error;
    }
  }

  release(): void {
    this.db.exec('ROLLBACK');
    this.db.close();
  }
}
