import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { type DataDirLock, dataDirLock } from '../config/data-dir-lock.js';
import { findMarkedGroup, hasMark } from './game-mark.js';
import { isLinux } from '../process/platform.js';
import { isGroupAlive } from '../process/process-group.js';
import {
  currentBoot,
  linuxProcess,
  lookAt,
  pidNamespace,
  processIdentity,
} from '../process/process-identity.js';

const RETRY_MS = 1000;
const MAX_BYTES = 64 * 1024;
/** Pids are 32-bit; 0 and 1 as a target of a signal mean our own group and everything. */
const pidSchema = z.int().min(1).max(0x7fff_ffff);

const recordSchema = z.object({
  /** Null while the game is being started. */
  pid: pidSchema.min(2).nullable(),
  identity: z.string().nullable(),
  startedAt: z.string(),
  /** What is in the game's environment; records of older versions have none, nor what follows. */
  mark: z.string().min(16).max(64).nullish(),
  boot: z.string().nullish(),
  /** The pid namespace (a container's) in which the pids are those. */
  namespace: z.string().nullish(),
  /** The API process that started the game, or took it over. */
  manager: z.object({ pid: pidSchema, identity: z.string() }).nullish(),
});
type GameRecord = z.output<typeof recordSchema>;

/** A remembered game server that lives, itself or as the rest of its process group. */
export interface RememberedGame {
  readonly pid: number;
  /** Its identity when it may be taken over; null: it must be left alone. */
  readonly identity: string | null;
}

/**
 * The file that remembers which game server was started and by whom, so that after a crash of this process its
 * next run finds it again and no second server is put on the same world. It is written before the game is started,
 * with a mark by which the game is known from then on. Without a folder nothing is remembered.
 */
export class GameServerRecord {
  private readonly logger = new Logger(GameServerRecord.name);
  /** Where it is; null when nothing is remembered. */
  readonly file: string | null;
  private readonly lock: DataDirLock | null;
  private mark: string | null = null;
  private isWritten = false;
  private saidLast = '';
  private retry: ReturnType<typeof setTimeout> | undefined;

  constructor(dataDir: string) {
    this.file = dataDir === '' ? null : join(dataDir, 'game-server.json');
    this.lock = dataDir === '' ? null : dataDirLock(dataDir);
  }

  /** Remembers that a game is being started; answers with the mark that goes into its environment. */
  begin(): string {
    clearTimeout(this.retry);
    this.mark = randomUUID();
    try {
      this.write(null, null, new Date());
    } catch {
      // Reported once there is a game to be found, which this must not prevent.
    }
    return this.mark;
  }

  /** Remembers a process that runs; tries again until the file can be written, or `clear` is called. */
  save(pid: number): void {
    clearTimeout(this.retry);
    const startedAt = new Date();
    let isReported = false;
    const attempt = () => {
      try {
        const identity = processIdentity(pid);
        if (identity === null) return;
        this.write(pid, identity, startedAt);
        if (isReported) this.logger.log("The game server's pid is kept in VS_DATA_DIR now");
      } catch (error) {
        if (!isReported) {
          this.logger.warn(
            `The game server's pid cannot be kept in VS_DATA_DIR: ${(error as Error).message}. ` +
              'Until it is, a start after a crash of the API would not find the game.',
          );
        }
        isReported = true;
        this.retry = setTimeout(attempt, RETRY_MS).unref();
      }
    };
    attempt();
  }

  /** Forgets the process, which has ended; a file that is not ours stays. */
  clear(): void {
    clearTimeout(this.retry);
    this.mark = null;
    if (this.file === null || !this.isWritten) return;
    this.isWritten = false;
    try {
      rmSync(this.file, { force: true });
    } catch (error) {
      this.logger.warn(
        `The game server's pid cannot be removed from VS_DATA_DIR: ${(error as Error).message}`,
      );
    }
  }

  /**
   * The remembered game, if it lives. The file is input: what it names is taken over only when identity, group and
   * parent are those of a game whose manager has gone. What is refused is told to the log.
   */
  game(): RememberedGame | null {
    const record = this.read();
    if (record === null) return null;
    const boot = record.boot ?? record.identity?.split(' ')[0];
    if (currentBoot() !== null && boot !== currentBoot()) {
      return this.refuse('is of an earlier start of the machine, which its game has not outlived');
    }
    if (record.namespace != null && record.namespace !== pidNamespace()) {
      return this.refuse(
        'is of another container, whose game cannot be seen from here; see that it has ended',
      );
    }
    const { pid, identity } = record.pid === null ? this.byMark(record) : record;
    if (pid === null) return null;
    return this.judge({ ...record, pid, identity });
  }

  private byMark({ mark }: GameRecord): { pid: number | null; identity: string | null } {
    const group = mark == null ? null : findMarkedGroup(mark);
    if (group === null) {
      const known = isLinux ? 'none is found' : 'whether it runs cannot be told here';
      this.refuse(`says that a game was being started when the API was killed; ${known}`);
      return { pid: null, identity: null };
    }
    const { leaderPid: pid, isLeaderAlive } = group;
    return { pid, identity: isLeaderAlive ? processIdentity(pid) : null };
  }

  private judge(record: GameRecord & { readonly pid: number }): RememberedGame | null {
    const { pid, identity, manager } = record;
    const look = lookAt(pid);
    if (look.state === 'unseen') return { pid, identity: null };
    if (look.state === 'gone') {
      // The leader is gone. Its pid cannot be given out again while its group exists, so a group that bears this
      // number is still the one that was started.
      return isGroupAlive(pid) ? { pid, identity: null } : null;
    }
    if (look.identity !== identity) return null;
    const foreign = foreignness(pid);
    if (foreign !== null) return this.refuse(`names process ${pid}, which ${foreign}`);
    if (manager != null && processIdentity(manager.pid) === manager.identity) return { pid, identity: null };
    if (!isOrphan(pid, record.mark ?? null)) {
      this.refuse(`names process ${pid}, whose parent is no former manager's; it is left alone`);
      return { pid, identity: null };
    }
    this.mark = record.mark ?? null;
    return { pid, identity };
  }

  private refuse(why: string): null {
    const text = `The record of the game server ${String(this.file)} ${why}.`;
    if (text !== this.saidLast) this.logger.warn(text);
    this.saidLast = text;
    return null;
  }

  private write(pid: number | null, identity: string | null, startedAt: Date): void {
    if (this.file === null) return;
    if (this.lock?.take() === false) throw new Error('another copy of this app uses the folder');
    const record: GameRecord = {
      pid,
      identity,
      startedAt: startedAt.toISOString(),
      mark: this.mark,
      boot: currentBoot(),
      namespace: pidNamespace(),
      manager: { pid: process.pid, identity: processIdentity(process.pid) ?? '' },
    };
    const fresh = `${this.file}.new`;
    // What lies there may be a link to another file.
    rmSync(fresh, { force: true });
    writeFileSync(fresh, `${JSON.stringify(record)}\n`, { flag: 'wx' });
    renameSync(fresh, this.file);
    this.isWritten = true;
  }

  private read(): GameRecord | null {
    if (this.file === null) return null;
    let text: string;
    try {
      text = readRegularFile(this.file);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return null;
      return this.refuse(`cannot be read: ${code === 'ELOOP' ? 'it is a link' : message}`);
    }
    try {
      return recordSchema.parse(JSON.parse(text));
    } catch (error) {
      const issue = error instanceof z.ZodError ? error.issues[0] : undefined;
      const what = issue === undefined ? 'it is no JSON' : `${issue.path.join('.')}: ${issue.message}`;
      return this.refuse(`cannot be used: ${what}`);
    }
  }
}

/** Why a process is no game of ours, whatever a record says; null: it may be one. */
function foreignness(pid: number): string | null {
  if (!isLinux) return pid === process.pid ? 'is the API itself' : null;
  try {
    if (linuxProcess(pid)?.groupId !== pid) return 'does not lead its process group';
    for (let above = process.pid; above > 0; above = linuxProcess(above)?.parentPid ?? 0) {
      if (above === pid) return 'is the API itself or a process above it';
    }
  } catch {
    // One above us that cannot be seen.
  }
  return null;
}

/** Says whether a process lost the manager that started it: the mark proves it, else the parent that it was given. */
function isOrphan(pid: number, mark: string | null): boolean {
  if (!isLinux) return true;
  try {
    const parentPid = linuxProcess(pid)?.parentPid ?? NaN;
    // 0: a process of another pid namespace. A subreaper (`systemd --user`, say) takes orphans in as process 1 does.
    if (parentPid <= 1) return true;
    return mark !== null && hasMark(pid, mark) === true && hasMark(parentPid, mark) !== true;
  } catch {
    return false;
  }
}

function readRegularFile(path: string): string {
  // Without O_NONBLOCK a named pipe would hold us until somebody writes.
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw new Error('it is not a file');
    if (stats.size > MAX_BYTES) throw new Error('it is too large');
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}
