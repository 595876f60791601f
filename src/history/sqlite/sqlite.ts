import Database from 'libsql';

/** A connection to an SQLite file, used by one thread and opened once: closing leaves descriptors behind. */
export type Connection = Database.Database;

/** A prepared statement. */
export type Statement = Database.Statement;

/** Opens a connection; no call on it waits for a lock that somebody else holds. */
export function openConnection(file: string): Connection {
  return new Database(file);
}

/** The code of an SQLite or system error, such as `SQLITE_FULL` or `EACCES`; empty when there is none. */
export function errorCode(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

/** Whether SQLite found the file damaged. */
export function isDamage(error: unknown): error is Error {
  return /^SQLITE_(CORRUPT|NOTADB)/.test(errorCode(error));
}
