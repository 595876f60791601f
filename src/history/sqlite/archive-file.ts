import {
  accessSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  type Stats,
  truncateSync,
} from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../../config/data-dir.js';
import { dataDirLock } from '../../config/data-dir-lock.js';
import { ArchiveProblem, problemOf } from './archive-problem.js';
import { ArchiveWriter } from './archive-writer.js';
import { setDamageAside, walOf } from './damage.js';
import { APPLICATION_ID, requireKnownVersion } from './schema.js';
import { changeCounterOf, isWalOf } from './wal-origin.js';

// Byte offsets in the header of an SQLite file: https://www.sqlite.org/fileformat2.html#the_database_header
const HEADER_BYTES = 100;
const MAGIC = 'SQLite format 3\0';
const USER_VERSION_OFFSET = 60;
const APPLICATION_ID_OFFSET = 68;

/** What {@link ArchiveFile.prepare} has begun, by folder. */
const prepared = new Map<string, { readonly ready: Promise<void>; readonly said: readonly string[] }>();

/** The archive of one folder, open for writing by this process alone. */
export class ArchiveFile {
  readonly writer: ArchiveWriter;
  /** From before SQLite opens the file until after it has closed it: see {@link requireUsable}. */
  private readonly descriptor: number;
  private readonly inode: number;
  private change = '';
  private changeCounter = 0;

  private constructor(readonly path: string) {
    // It makes the file where there is none, and changes nothing else.
    this.descriptor = openSync(path, 'a+');
    try {
      this.writer = new ArchiveWriter(path);
      this.inode = statSync(path).ino;
    } catch (error) {
      closeSync(this.descriptor);
      throw error;
    }
  }

  /**
   * Begins to look for damage in a file that is there, and {@link open} goes on from that: another process looks, and
   * meanwhile this one can do something else.
   */
  static prepare(dataDir: string): void {
    if (!existsSync(pathIn(dataDir))) return;
    const said: string[] = [];
    const ready = makeReady(dataDir, (text) => said.push(text));
    // Whoever opens the file hears of it.
    ready.catch(() => undefined);
    prepared.set(dataDir, { ready, said });
  }

  /**
   * Opens or creates it; what is damaged is set aside and `say` is told. Rejects with an {@link ArchiveProblem}, and
   * touches nothing, when that must not or cannot be.
   */
  static async open(dataDir: string, say: (text: string) => void): Promise<ArchiveFile> {
    const path = pathIn(dataDir);
    const { ready = makeReady(dataDir, say), said = [] } = prepared.get(dataDir) ?? {};
    prepared.delete(dataDir);
    try {
      await ready;
      return new ArchiveFile(path);
    } catch (error) {
      throw problemOf(error, path);
    } finally {
      for (const text of said) say(text);
    }
  }

  /** Whether the path still leads to the file that is open, and nobody else has overwritten that. */
  get isInPlace(): boolean {
    try {
      const stats = statSync(this.path, { throwIfNoEntry: false });
      return stats?.ino === this.inode && !this.isOverwritten(stats);
    } catch {
      // Not known; a file that cannot be used shows when it is written.
      return true;
    }
  }

  close(): void {
    this.writer.close();
    closeSync(this.descriptor);
  }

  /** Closes it without moving the WAL into what lies there now, which gets an inode of its own. */
  abandon(): void {
    try {
      // Statements keep a connection open after it was closed, and SQLite shares what it knows of a WAL by inode.
      if (statSync(this.path, { throwIfNoEntry: false })?.ino === this.inode) {
        truncateSync(walOf(this.path));
        copyFileSync(this.path, `${this.path}.new`);
        renameSync(`${this.path}.new`, this.path);
        rmSync(walOf(this.path), { force: true });
        rmSync(`${this.path}-shm`, { force: true });
      }
      this.writer.close();
    } catch {
      // It is given up in any case.
    }
    closeSync(this.descriptor);
  }

  /** Only checkpoints change the file itself; what they bring is in the WAL, or was before the WAL was begun anew. */
  private isOverwritten({ mtimeMs, size }: Stats): boolean {
    const change = `${mtimeMs} ${size}`;
    if (change === this.change) return false;
    const header = readHeader(this.descriptor);
    const isOurs = header.length === HEADER_BYTES ? isWalOf(header, walOf(this.path)) : false;
    if (isOurs === false || changeCounterOf(header) < this.changeCounter) return true;
    this.change = change;
    this.changeCounter = changeCounterOf(header);
    return false;
  }
}

function pathIn(dataDir: string): string {
  return join(dataDir, 'metrics.db');
}

/** All that is done before the file is opened as a database. */
async function makeReady(dataDir: string, say: (text: string) => void): Promise<void> {
  makeFolder(dataDir);
  // SQLite would fall back to reading, and stay there.
  accessSync(dataDir, constants.W_OK);
  takeLock(dataDir);
  const path = pathIn(dataDir);
  const header = requireUsable(path);
  if (header !== null) await setDamageAside(path, header, say);
}

function takeLock(dataDir: string): void {
  const lock = dataDirLock(dataDir);
  try {
    if (lock.take()) return;
  } catch (error) {
    throw problemOf(error, lock.file);
  }
  throw new ArchiveProblem(
    `Another copy of this app writes the archive in ${dataDir}.`,
    'another copy of this app writes it',
    true,
  );
}

/**
 * Judges a file by its first bytes, which it gives (null: there is no file), since opening it as a database would leave
 * traces. Must not be called while this process has the file open: closing any descriptor of a file drops all of the
 * process's locks on it (fcntl(2)).
 */
function requireUsable(path: string): Buffer | null {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return null;
  accessSync(path, constants.W_OK);
  const descriptor = openSync(path, 'r');
  const header = readHeader(descriptor);
  closeSync(descriptor);
  if (header.length === 0) return header;
  const isDatabase = header.length === HEADER_BYTES && header.toString('latin1', 0, MAGIC.length) === MAGIC;
  if (!isDatabase) {
    throw new ArchiveProblem(`${path} is not a database and is left as it is.`, 'it is not a database');
  }
  if (header.readUInt32BE(APPLICATION_ID_OFFSET) !== APPLICATION_ID) {
    throw new ArchiveProblem(
      `${path} is another program's database and is left as it is.`,
      "it is another program's database",
    );
  }
  requireKnownVersion(header.readUInt32BE(USER_VERSION_OFFSET));
  return header;
}

function readHeader(descriptor: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  return header.subarray(0, readSync(descriptor, header, 0, HEADER_BYTES, 0));
}
