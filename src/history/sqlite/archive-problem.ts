import { errorCode } from './sqlite.js';

/** Why the archive cannot be written, in a sentence for an admin. */
export class ArchiveProblem extends Error {
  constructor(
    message: string,
    /** The same as a part of a sentence, without any path. */
    readonly brief: string,
    /** Another copy of the app writes the archive, so this one must not. */
    readonly isTakenByOther = false,
  ) {
    super(message);
  }
}

/** Puts an error of SQLite or of the file system into words; `file` is what could not be used. */
export function problemOf(error: unknown, file: string): ArchiveProblem {
  if (error instanceof ArchiveProblem) return error;
  const code = errorCode(error);
  if (code === 'SQLITE_FULL' || code === 'ENOSPC' || code === 'EDQUOT') {
    return new ArchiveProblem(`The disk is full: ${file} cannot grow.`, 'the disk is full');
  }
  if (code.startsWith('SQLITE_READONLY') || ['EACCES', 'EPERM', 'EROFS'].includes(code)) {
    return new ArchiveProblem(`${file} may not be written.`, 'it may not be written');
  }
  if (code.startsWith('SQLITE_BUSY')) {
    return new ArchiveProblem(`Another program keeps ${file} locked.`, 'another program keeps it locked');
  }
  const brief = code === '' ? 'it cannot be used' : `it cannot be used (${code})`;
  return new ArchiveProblem(`${file} cannot be used: ${(error as Error).message}`, brief);
}
