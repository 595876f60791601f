import { ArchiveProblem } from './archive-problem.js';
import { type Connection } from './sqlite.js';

/** Marks a file as ours, in SQLite's header: the letters VSMH. */
export const APPLICATION_ID = 0x56534d48;

/** The newest version of the tables that this code knows; SQLite's `user_version`. */
export const SCHEMA_VERSION = 1;

/** The span of a row of the table `minute`. */
export const MINUTE_MS = 60_000;

/** The last time that a Date can hold. */
export const MAX_TIME_MS = 8_640_000_000_000_000;

/**
 * SQL: the row has a time that a Date can hold. Damage may put anything into a column, also text that is not UTF-8; to
 * fetch that makes the binding abort the process. Not beside other bounds of the time: SQLite uses one pair for its index.
 */
export const IS_TIME = `time_ms BETWEEN 0 AND ${MAX_TIME_MS}`;

// The comments are inside the statements because SQLite keeps them: the shell's .schema shows them.
const CREATE_TABLES = `
CREATE TABLE sample ( -- one row for each sample
  id INTEGER PRIMARY KEY,            -- the order in which samples were taken, whatever the clock said
  time_ms INTEGER NOT NULL,          -- wall clock: milliseconds since 1970-01-01 UTC
  api_memory_mb REAL NOT NULL,       -- resident memory of the API, MiB
  api_cpu_percent REAL NOT NULL,     -- CPU of the API, 100 = one core
  game_memory_mb REAL,               -- the game server; NULL while it is not running, the CPU also while it is too young
  game_cpu_percent REAL
);
CREATE INDEX sample_time ON sample (time_ms);
CREATE TABLE minute ( -- one row for each minute that has samples: mean and maximum of each series
  id INTEGER PRIMARY KEY,
  time_ms INTEGER NOT NULL UNIQUE,   -- start of the minute by the wall clock
  sample_count INTEGER NOT NULL,
  game_sample_count INTEGER NOT NULL, -- how many of them know the CPU of the game; its means are over these
  api_memory_mb REAL NOT NULL,
  api_memory_mb_max REAL NOT NULL,
  api_cpu_percent REAL NOT NULL,
  api_cpu_percent_max REAL NOT NULL,
  game_memory_mb REAL,
  game_memory_mb_max REAL,
  game_cpu_percent REAL,
  game_cpu_percent_max REAL
);`;

/** Makes an empty file an archive, or brings an older one up to date; each step is one transaction. */
export function prepareSchema(db: Connection): void {
  // The file's header was looked at before; what a newer version wrote last may still be in its WAL.
  requireKnownVersion(readPragma(db, 'user_version'));
  if (readPragma(db, 'application_id') === 0) db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0');
  inTransaction(db, () => {
    if (readPragma(db, 'user_version') === 0) db.exec(CREATE_TABLES);
    markWal(db);
  });
}

/** Puts the file's first page into the WAL, from which one sees whose it is: see wal-origin.ts. */
export function markWal(db: Connection): void {
  db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
}

/** Throws an {@link ArchiveProblem} for tables that a newer version of this code made. */
export function requireKnownVersion(version: number): void {
  if (version <= SCHEMA_VERSION) return;
  throw new ArchiveProblem(
    `metrics.db was written by a newer version of this app (schema ${version}, this one knows ${SCHEMA_VERSION}) and is left as it is.`,
  );
}

/** Reads a pragma whose value is one number. */
function readPragma(db: Connection, name: 'application_id' | 'user_version'): number {
  const [row] = db.pragma(name) as Record<string, number>[];
  return row?.[name] ?? 0;
}

/** Does work in a transaction that takes the write lock first; what it throws undoes all of it. */
export function inTransaction(db: Connection, work: () => void): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    work();
    db.exec('COMMIT');
  } catch (error) {
    // On a full disk SQLite has rolled back by itself.
    if (db.inTransaction) db.exec('ROLLBACK');
    throw error;
  }
}
