import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../config/data-dir.js';
import { dataDirLock } from '../config/data-dir-lock.js';
import { ArchiveProblem, problemOf } from './archive-problem.js';
import { ArchiveWriter } from './archive-writer.js';
import { APPLICATION_ID, requireKnownVersion } from './schema.js';

// Byte offsets in the header of an SQLite file: https://www.sqlite.org/fileformat2.html#the_database_header
const HEADER_BYTES = 100;
const MAGIC = 'SQLite format 3\0';
const USER_VERSION_OFFSET = 60;
const APPLICATION_ID_OFFSET = 68;

/** The archive of one folder, open for writing by this process alone. */
export class ArchiveFile {
  readonly writer: ArchiveWriter;
  private readonly inode: number;

  private constructor(readonly path: string) {
    this.writer = new ArchiveWriter(path);
    this.inode = statSync(path).ino;
  }

  /** Opens or creates it; throws an {@link ArchiveProblem} and touches nothing when that must not or cannot be. */
  static open(dataDir: string): ArchiveFile {
    const path = join(dataDir, 'metrics.db');
    try {
      makeFolder(dataDir);
      // SQLite would fall back to reading, and stay there.
      accessSync(dataDir, constants.W_OK);
    } catch (error) {
      throw problemOf(error, path);
    }
    takeLock(dataDir);
    try {
      requireUsable(path);
      return new ArchiveFile(path);
    } catch (error) {
      throw problemOf(error, path);
    }
  }

  /** Whether the path still leads to the file that is open: it may have been deleted or replaced. */
  get isInPlace(): boolean {
    try {
      return statSync(this.path, { throwIfNoEntry: false })?.ino === this.inode;
    } catch {
      // Not known; a file that cannot be used shows when it is written.
      return true;
    }
  }

  close(): void {
    this.writer.close();
  }
}

function takeLock(dataDir: string): void {
  const lock = dataDirLock(dataDir);
  try {
    if (lock.take()) return;
  } catch (error) {
    throw problemOf(error, lock.file);
  }
  throw new ArchiveProblem(`Another copy of this app writes the archive in ${dataDir}.`, true);
}

/**
 * Judges a file by its first bytes, since opening it as a database would leave traces. Must not be called while this
 * process has the file open: closing any descriptor of a file drops all of the process's locks on it (fcntl(2)).
 */
function requireUsable(path: string): void {
  const header = readHeader(path);
  if (header === null || header.length === 0) return;
  accessSync(path, constants.W_OK);
  const isDatabase = header.length === HEADER_BYTES && header.toString('latin1', 0, MAGIC.length) === MAGIC;
  if (!isDatabase) throw new ArchiveProblem(`${path} is not a database and is left as it is.`);
  if (header.readUInt32BE(APPLICATION_ID_OFFSET) !== APPLICATION_ID) {
    throw new ArchiveProblem(`${path} is another program's database and is left as it is.`);
  }
  const version = header.readUInt32BE(USER_VERSION_OFFSET);
  requireKnownVersion(version);
}

function readHeader(path: string): Buffer | null {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return null;
  const descriptor = openSync(path, 'r');
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    return header.subarray(0, readSync(descriptor, header, 0, HEADER_BYTES, 0));
  } finally {
    closeSync(descriptor);
  }
}
