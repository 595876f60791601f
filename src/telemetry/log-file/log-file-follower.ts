import { Logger } from '@nestjs/common';
import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';

const POLL_MS = 1000;
const PIECE_BYTES = 65_536;
/** How much is read at one poll; what is left follows at the next. 16 MB a second are far more than a game writes. */
const MAX_PIECES = 256;

/** Who takes what is written to a file. */
export interface LogTaker {
  /** A piece of what is new; it is used again after the call. */
  take(piece: Buffer): void;
  /** What follows does not continue what came before: it is another file, or the file was emptied. */
  reset(): void;
}

/**
 * Follows a log file that another program writes, from its present end on: it may be created later, rotated, emptied,
 * deleted or replaced. It is looked at once a second, the open file is kept (so that its number is not given to
 * another one), and no read holds the event loop or overlaps another, on a hanging disk either.
 */
export class LogFileFollower {
  private readonly logger = new Logger(LogFileFollower.name);
  private readonly buffer = Buffer.allocUnsafe(PIECE_BYTES);
  private timer: NodeJS.Timeout | undefined;
  private polling: Promise<void> = Promise.resolve();
  private isClosed = false;
  private isFirst = true;
  private file: OpenFile | null = null;
  private problem: string | null = null;

  constructor(
    private readonly path: string,
    private readonly taker: LogTaker,
    private readonly pollMs = POLL_MS,
  ) {}

  /** Begins to follow; resolves after the first look. */
  start(): Promise<void> {
    this.polling = this.poll();
    return this.polling;
  }

  /** Ends it; resolves when the file is let go of: on a hanging disk that may be never. */
  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    await this.polling;
    await this.letGo();
  }

  private async poll(): Promise<void> {
    try {
      await this.look();
      this.report(null);
    } catch (error) {
      this.report(error instanceof Error ? error.message : String(error));
    }
    this.isFirst = false;
    if (this.isClosed) return;
    this.timer = setTimeout(() => {
      this.polling = this.poll();
    }, this.pollMs).unref();
  }

  private async look(): Promise<void> {
    let [found, problem]: [Identity | null, unknown] = [null, null];
    try {
      found = await identityAt(this.path);
    } catch (error) {
      problem = error;
    }
    if (this.file !== null) {
      // What was written to it before it was put aside is read first.
      const isAtEnd = await this.read(this.file);
      if (!isAtEnd || isSame(this.file, found)) return;
      await this.letGo();
    }
    if (problem !== null) throw problem as Error;
    if (found === null || this.isClosed) return;
    this.taker.reset();
    this.file = await openAt(this.path, this.isFirst);
    if (this.file !== null) await this.read(this.file);
  }

  /** Reads what is new; false when there is more than is read at once. */
  private async read(file: OpenFile): Promise<boolean> {
    const { size } = await file.handle.stat();
    if (size < file.position) {
      file.position = 0;
      this.taker.reset();
    }
    for (let pieces = 0; pieces < MAX_PIECES && !this.isClosed; pieces++) {
      const { bytesRead } = await file.handle.read(this.buffer, 0, PIECE_BYTES, file.position);
      if (bytesRead === 0) return true;
      file.position += bytesRead;
      this.taker.take(this.buffer.subarray(0, bytesRead));
    }
    return false;
  }

  private async letGo(): Promise<void> {
    const { file } = this;
    this.file = null;
    await file?.handle.close();
  }

  private report(problem: string | null): void {
    if (problem === this.problem) return;
    this.problem = problem;
    if (problem === null) this.logger.log(`The game's log ${this.path} is followed again.`);
    else this.logger.warn(`The game's log ${this.path} cannot be followed: ${problem}`);
  }
}

interface Identity {
  readonly device: number;
  readonly inode: number;
}

interface OpenFile extends Identity {
  readonly handle: FileHandle;
  position: number;
}

/** Null where there is none yet; throws a sentence when it is no file, or the system's error. */
async function identityAt(path: string): Promise<Identity | null> {
  try {
    const stats = await stat(path);
    if (!stats.isFile()) throw new Error('it is not a file');
    return { device: stats.dev, inode: stats.ino };
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** Null when it has gone meanwhile. */
async function openAt(path: string, atEnd: boolean): Promise<OpenFile | null> {
  try {
    // A pipe that took the file's place since the look would else be waited for.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) throw new Error('it is not a file');
      return { handle, device: stats.dev, inode: stats.ino, position: atEnd ? stats.size : 0 };
    } catch (error) {
      await handle.close();
      throw error;
    }
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

function isSame(file: Identity, found: Identity | null): boolean {
  return found !== null && file.device === found.device && file.inode === found.inode;
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
