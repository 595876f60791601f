import { writeSync } from 'node:fs';
import { ArchiveReader } from './archive-reader.js';
import { NEWEST_SAMPLES } from './archive-queries.js';
import { hasEvents, hasOtherColumns, missingColumns, SCHEMA_VERSION, TABLES } from './schema.js';
import { type Connection, errorCode, openConnection } from './sqlite.js';

// The entry of a process that looks at archives and may crash over them. For each file it says what it is about to do,
// and what it found; see archive-inspection.ts. It changes nothing: no connection is closed, which would move the WAL.

/** An error with another code is not the file's fault, or shows again when the archive is opened. */
const DAMAGE = ['SQLITE_CORRUPT', 'SQLITE_NOTADB', 'SQLITE_ERROR'];

for (const file of process.argv.slice(2)) {
  say('looking');
  say(look(file));
}
process.exit(0);

function look(file: string): string {
  try {
    const db = openConnection(file);
    const [row] = db.pragma('user_version') as { user_version: number }[];
    const version = row?.user_version ?? 0;
    if (version > 0 && version <= SCHEMA_VERSION) {
      if (hasOtherColumns(db)) return 'damaged: a table has columns that cannot be filled';
      readOnce(db);
    }
    say('readable');
    const [problem] = db.pragma('quick_check(1)') as { quick_check: string }[];
    return problem?.quick_check === 'ok' ? 'sound' : `damaged: ${problem?.quick_check ?? ''}`;
  } catch (error) {
    const isDamage = DAMAGE.some((code) => errorCode(error).startsWith(code));
    return isDamage ? `damaged: ${(error as Error).message}` : 'sound';
  }
}

function readOnce(db: Connection): void {
  // Of an older version: as much as there is, until it has been brought up to date.
  if (missingColumns(db).length > 0 || !hasEvents(db)) {
    for (const table of TABLES) db.prepare(`SELECT * FROM ${table} LIMIT 1`).raw().get();
    return;
  }
  const everything = { fromMs: 0, toMs: Infinity };
  const reader = new ArchiveReader(db);
  reader.page(everything, null, 1);
  reader.events(everything, 1);
  db.prepare(NEWEST_SAMPLES).raw().all(1);
}

function say(text: string): void {
  writeSync(1, `${text.replaceAll(/\s+/g, ' ')}\n`);
}
