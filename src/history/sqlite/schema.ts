import { ArchiveProblem } from './archive-problem.js';
import { SERIES_COLUMNS } from './series-columns.js';
import { type Connection } from './sqlite.js';

/** Marks a file as ours, in SQLite's header: the letters VSMH. */
export const APPLICATION_ID = 0x56534d48;

/** The newest version of the tables that this code knows; SQLite's `user_version`. */
export const SCHEMA_VERSION = 2;

/** The span of a row of the table `minute`. */
export const MINUTE_MS = 60_000;

/** The last time that a Date can hold. */
export const MAX_TIME_MS = 8_640_000_000_000_000;

/**
 * SQL: the row has a time that a Date can hold. Damage may put anything into a column, also text that is not UTF-8; to
 * fetch that makes the binding abort the process. Not beside other bounds of the time: SQLite uses one pair for its index.
 */
export const IS_TIME = `time_ms BETWEEN 0 AND ${MAX_TIME_MS}`;

/** The tables of the archive that have series. */
export const TABLES = ['sample', 'minute'] as const;

type Table = (typeof TABLES)[number];

interface Column {
  readonly table: Table;
  readonly name: string;
  readonly type: string;
  readonly comment: string;
}

/** The columns that the series bring. */
const SERIES_OF_TABLES: readonly Column[] = SERIES_COLUMNS.flatMap((series): Column[] => {
  const { value, maximum, count, isNullable, comment } = series;
  const type = isNullable ? 'REAL' : 'REAL NOT NULL';
  const known: Column = {
    table: 'minute',
    name: count,
    type: 'INTEGER NOT NULL DEFAULT 0',
    comment: 'how many samples know it; the mean is over these',
  };
  return [
    { table: 'sample', name: value, type, comment },
    { table: 'minute', name: value, type, comment: `${comment}: mean` },
    { table: 'minute', name: maximum, type, comment: 'its maximum' },
    ...(isNullable ? [known] : []),
  ];
});

const CREATE_TABLES = `
${createTable('sample', 'one row for each sample; what is not known is NULL', [
  ['id INTEGER PRIMARY KEY', 'the order in which samples were taken, whatever the clock said'],
  ['time_ms INTEGER NOT NULL', 'wall clock: milliseconds since 1970-01-01 UTC'],
])}
CREATE INDEX sample_time ON sample (time_ms);
${createTable('minute', 'one row for each minute that has samples', [
  ['id INTEGER PRIMARY KEY', ''],
  ['time_ms INTEGER NOT NULL UNIQUE', 'start of the minute by the wall clock'],
  ['sample_count INTEGER NOT NULL', ''],
])}`;

/** A file may lack it, of whatever version: who does not know it leaves it alone, so there is no new version for it. */
const CREATE_EVENTS = `
CREATE TABLE IF NOT EXISTS event ( -- one row for each event
  id INTEGER PRIMARY KEY, -- the order in which events were written, whatever the clock said
  time_ms INTEGER NOT NULL, -- wall clock: milliseconds since 1970-01-01 UTC
  kind TEXT NOT NULL, -- such as game_crashed
  level TEXT NOT NULL, -- info, warning or error
  text TEXT NOT NULL, -- one English sentence
  numbers TEXT NOT NULL -- a JSON object of the numbers that belong to it
);
CREATE INDEX IF NOT EXISTS event_time ON event (time_ms)`;

const EVENT_COLUMNS = ['kind', 'level', 'text', 'numbers'] as const;

/** The comments are inside the statement because SQLite keeps them: the shell's .schema shows them. */
function createTable(
  table: Table,
  meaning: string,
  first: readonly [column: string, comment: string][],
): string {
  const ofSeries = SERIES_OF_TABLES.filter((column) => column.table === table);
  const columns = [...first, ...ofSeries.map(({ name, type, comment }) => [`${name} ${type}`, comment])];
  const lines = columns.map(([column, comment], i) => {
    const comma = i < columns.length - 1 ? ',' : '';
    return `  ${column ?? ''}${comma}${comment === '' ? '' : ` -- ${comment ?? ''}`}\n`;
  });
  return `CREATE TABLE ${table} ( -- ${meaning}\n${lines.join('')});`;
}

/** Makes an empty file an archive, or brings an older one up to date; each step is one transaction. */
export function prepareSchema(db: Connection): void {
  // The file's header was looked at before; what a newer version wrote last may still be in its WAL.
  requireKnownVersion(readPragma(db, 'user_version'));
  if (readPragma(db, 'application_id') === 0) db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0');
  inTransaction(db, () => {
    const version = readPragma(db, 'user_version');
    if (version === 0) db.exec(CREATE_TABLES);
    else bringUpToDate(db, version);
    db.exec(CREATE_EVENTS);
    markWal(db);
  });
}

/**
 * Adds the columns that a file of an older version, or of one with fewer series, does not have. For a series alone there
 * is no new version: who does not know its columns leaves them empty.
 */
function bringUpToDate(db: Connection, version: number): void {
  for (const { table, name, type } of missingColumns(db)) {
    // What was sampled before has no value, of whatever series.
    db.exec(`ALTER TABLE ${table} ADD COLUMN ${name} ${type === 'REAL NOT NULL' ? 'REAL' : type}`);
  }
  // The first version did not count this series: its mean is over the samples that know the CPU, or over one.
  if (version === 1) {
    db.exec(
      `UPDATE minute SET game_memory_mb_count = MAX(game_sample_count, 1) WHERE game_memory_mb IS NOT NULL`,
    );
  }
}

/** The columns of series that a file does not have. Fetches no text from it: see archive-inspection.ts. */
export function missingColumns(db: Connection): readonly Column[] {
  const count = db.prepare('SELECT COUNT(*) FROM pragma_table_info(?1) WHERE name = ?2').raw();
  return SERIES_OF_TABLES.filter(({ table, name }) => {
    const [found] = count.get(table, name) as [number];
    return found === 0;
  });
}

/** Whether a file has the table of events, or is older. */
export function hasEvents(db: Connection): boolean {
  const [found] = db.prepare(`SELECT COUNT(*) FROM pragma_table_info('event')`).raw().get() as [number];
  return found > 0;
}

/** Whether a table asks for a value in a column that is none of ours: damage to a name looks like this. */
export function hasOtherColumns(db: Connection): boolean {
  const series = SERIES_OF_TABLES.map(({ name }) => name);
  const known = ['id', 'time_ms', 'sample_count', ...series, ...EVENT_COLUMNS];
  const count = db
    .prepare(
      `SELECT COUNT(*) FROM pragma_table_info(?1)
       WHERE "notnull" AND dflt_value IS NULL AND name NOT IN (${known.map((name) => `'${name}'`).join(', ')})`,
    )
    .raw();
  return [...TABLES, 'event'].some((table) => (count.get(table) as [number])[0] > 0);
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
    'a newer version of this app wrote it',
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
