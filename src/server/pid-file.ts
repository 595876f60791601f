import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { processAgeMs, processIdentity } from './process-identity.js';

/** A file written this long before its process started is still taken for that process's: clocks are coarse. */
const TOLERANCE_MS = 2_000;
/** More than any pid; a file that is longer holds something else. */
const MAX_BYTES = 64;

/** What a pid file leads to: a process that runs, or the reason why there is none, in words. */
export type PidFileReading =
  { readonly pid: number; readonly reason: null } | { readonly pid: null; readonly reason: string };

/** A file in which something else keeps the pid of the process that it runs; read anew each time. */
export class PidFile {
  /** The last file and process that were compared: a later jump of the clock must not change the answer. */
  private compared: { readonly key: string; readonly isStale: boolean } | null = null;

  constructor(readonly path: string) {}

  read(): PidFileReading {
    try {
      const { text, writtenAtMs } = readFile(this.path);
      if (text === '') return this.none('is empty');
      if (!/^[1-9]\d{0,9}$/.test(text)) return this.none('holds no pid');
      const pid = Number(text);
      const identity = liveIdentity(pid);
      if (identity === null) return this.none(`names process ${pid}, which does not run`);
      if (this.isStale(pid, identity, writtenAtMs)) {
        return this.none(`is stale: process ${pid} started after the file was written`);
      }
      return { pid, reason: null };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      return this.none(code === 'ENOENT' ? 'does not exist' : `cannot be read: ${message}`);
    }
  }

  private isStale(pid: number, identity: string, writtenAtMs: number): boolean {
    const key = `${pid} ${identity} ${writtenAtMs}`;
    if (this.compared?.key !== key) {
      const ageMs = processAgeMs(pid);
      const isStale = ageMs !== null && Date.now() - ageMs > writtenAtMs + TOLERANCE_MS;
      this.compared = { key, isStale };
    }
    return this.compared.isStale;
  }

  private none(what: string): PidFileReading {
    return { pid: null, reason: `The game server's pid file ${this.path} ${what} (VS_SERVER_PID_FILE).` };
  }
}

/** Text and time of one and the same file, although it may be replaced at any moment. */
function readFile(path: string): { text: string; writtenAtMs: number } {
  // Without O_NONBLOCK a named pipe would hold us until somebody writes.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new Error('not a file');
    const buffer = Buffer.alloc(MAX_BYTES);
    const text = buffer.toString('latin1', 0, readSync(fd, buffer, 0, MAX_BYTES, 0));
    return { text: text.trim(), writtenAtMs: stats.mtimeMs };
  } finally {
    closeSync(fd);
  }
}

/** Elsewhere than on Linux it would take a program to tell processes apart; there we only see that one lives. */
function liveIdentity(pid: number): string | null {
  if (process.platform === 'linux') return processIdentity(pid);
  try {
    process.kill(pid, 0);
    return '';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? '' : null;
  }
}
