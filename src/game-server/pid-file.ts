import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { clockShiftMs } from '../process/clock-shift.js';
import { isLinux } from '../process/platform.js';
import { lookAt, processAgeMs, processExists } from '../process/process-identity.js';

/** A file written this long before its process started is still taken for that process's: clocks are coarse. */
const TOLERANCE_MS = 2_000;
/** More than any pid; a file that is longer holds something else. */
const MAX_BYTES = 64;

/** What a pid file leads to. */
export interface PidFileReading {
  /** The process that it names, if that runs. */
  readonly pid: number | null;
  /** Why there is no process, or what cannot be known of it, in words; null when all is well. */
  readonly reason: string | null;
}

/** A file in which something else keeps the pid of the process that it runs; read anew each time. */
export class PidFile {
  /** The process that this version of the file led to first, and what was said of it: the clock may be set later. */
  private judged: { readonly version: string; readonly identity: string; readonly reason: string } | null =
    null;

  constructor(readonly path: string) {}

  read(): PidFileReading {
    try {
      const { text, writtenAtMs, version } = readFile(this.path);
      if (text === '') return this.none('is empty');
      if (!/^[1-9]\d{0,9}$/.test(text)) return this.none('holds no pid');
      const pid = Number(text);
      // Elsewhere than on Linux it would take a program to tell processes apart; there we only see that one lives.
      if (!isLinux && processExists(pid)) return { pid, reason: null };
      const look = lookAt(pid);
      if (look.state === 'gone') return this.none(`names process ${pid}, which does not run`);
      if (look.state === 'alive') return this.judge(pid, look.identity, writtenAtMs, `${pid} ${version}`);
      const known = `names process ${pid}, which exists; whether it is the game is not known, and it cannot be measured`;
      return { pid, reason: this.sentence(`${known}: ${look.why}; run the API as the user of the game`) };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      return this.none(code === 'ENOENT' ? 'does not exist' : `cannot be read: ${message}`);
    }
  }

  private judge(pid: number, identity: string, writtenAtMs: number, version: string): PidFileReading {
    if (this.judged?.version !== version) {
      this.judged = { version, identity, reason: doubt(pid, writtenAtMs) };
    }
    // No clock is needed to see that the pid was given to a second process.
    const reason = this.judged.identity === identity ? this.judged.reason : staleBy(pid);
    return reason === '' ? { pid, reason: null } : this.none(reason);
  }

  private none(what: string): PidFileReading {
    return { pid: null, reason: this.sentence(what) };
  }

  private sentence(what: string): string {
    return `The game server's pid file ${this.path} ${what} (VS_SERVER_PID_FILE).`;
  }
}

/**
 * Why a process cannot be the one for which a file was written at that time, or nothing. Times of files are those of a
 * clock that may have been set since: a process is younger than the file only when that does not explain it.
 */
function doubt(pid: number, writtenAtMs: number): string {
  const ageMs = processAgeMs(pid);
  if (ageMs === null) return '';
  const youngerByMs = Date.now() - ageMs - writtenAtMs;
  if (youngerByMs <= TOLERANCE_MS) return '';
  const shiftMs = clockShiftMs();
  return shiftMs === null || youngerByMs <= TOLERANCE_MS + Math.max(0, shiftMs) ? '' : staleBy(pid);
}

function staleBy(pid: number): string {
  return `is stale: process ${pid} started after the file was written; if it is the game all the same, write the file anew`;
}

/** Text, time and version of one and the same file, although it may be replaced at any moment. */
function readFile(path: string): { text: string; writtenAtMs: number; version: string } {
  // Without O_NONBLOCK a named pipe would hold us until somebody writes.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new Error('not a file');
    const buffer = Buffer.alloc(MAX_BYTES);
    const text = buffer.toString('latin1', 0, readSync(fd, buffer, 0, MAX_BYTES, 0));
    const version = `${stats.ino} ${stats.mtimeMs} ${stats.ctimeMs}`;
    return { text: text.trim(), writtenAtMs: stats.mtimeMs, version };
  } finally {
    closeSync(fd);
  }
}
