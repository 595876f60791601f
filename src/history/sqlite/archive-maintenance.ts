import { steadyNowMs } from '../../process/clock.js';
import { type MaintenanceOrder } from './archive-protocol.js';
import { inTransaction, IS_TIME, markWal, MINUTE_MS } from './schema.js';
import { type Connection, type Statement } from './sqlite.js';

/** How many rows one step deletes: a few milliseconds of the write lock. */
const ROWS_A_STEP = 1000;
/** A WAL of more pages (16 MiB) is emptied in any case: several times what comes between two checkpoints. */
const MAX_WAL_PAGES = 4096;

/** Checkpoints and deletion, in steps so small that the main thread's next insert does not meet them. */
export class ArchiveMaintenance {
  private readonly checkpoint: Statement;
  private readonly earliest: Statement;
  private readonly stepEnd: Statement;
  private readonly deleteSamples: Statement;
  private readonly deleteMinutes: Statement;
  private readonly deleteEvents: Statement;

  constructor(private readonly db: Connection) {
    // A WAL that had to grow (a long query kept it from being emptied) shrinks again at its next beginning.
    db.exec('PRAGMA journal_size_limit = 4194304');
    this.checkpoint = db.prepare('PRAGMA wal_checkpoint(PASSIVE)').raw();
    this.earliest = db.prepare(`SELECT time_ms FROM sample WHERE ${IS_TIME} ORDER BY time_ms LIMIT 1`).raw();
    this.stepEnd = db
      .prepare(
        `SELECT time_ms FROM sample WHERE ${IS_TIME} ORDER BY time_ms LIMIT 1 OFFSET CAST(?1 AS INTEGER)`,
      )
      .raw();
    this.deleteSamples = db.prepare('DELETE FROM sample WHERE time_ms < ?1');
    const deleteFrom = (table: 'minute' | 'event') =>
      db.prepare(
        `DELETE FROM ${table} WHERE id IN
         (SELECT id FROM ${table} WHERE time_ms < ?1 ORDER BY time_ms LIMIT ${ROWS_A_STEP})`,
      );
    this.deleteMinutes = deleteFrom('minute');
    this.deleteEvents = deleteFrom('event');
  }

  /** One step; true when there is more to delete. */
  step({ checkpoint, samplesBeforeMs, minutesBeforeMs, untilMs }: MaintenanceOrder): boolean {
    const startedMs = steadyNowMs();
    if (checkpoint) this.moveWal();
    // What follows holds the write lock, and after a checkpoint waits for the disk once where that waited twice.
    if (steadyNowMs() + (steadyNowMs() - startedMs) / 2 > untilMs) return true;
    let more = false;
    inTransaction(this.db, () => {
      // Any write: the first one after a checkpoint begins the WAL anew and waits for the disk once.
      if (checkpoint) markWal(this.db);
      if (minutesBeforeMs !== null) {
        // Events first: what is old enough is seen by the minutes.
        more = this.deleteEvents.run(minutesBeforeMs).changes === ROWS_A_STEP;
        more ||= this.deleteMinutes.run(minutesBeforeMs).changes === ROWS_A_STEP;
      }
      if (samplesBeforeMs !== null && !more) more = this.deleteSomeSamples(samplesBeforeMs);
    });
    return more;
  }

  /** Moves everything into the file and empties the WAL. */
  finish(): void {
    this.db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  }

  /** Moves what the WAL holds into the file and waits for the disk; as long as it is small, without the write lock. */
  private moveWal(): void {
    const [, walPages] = this.checkpoint.get() as [busy: number, walPages: number, movedPages: number];
    // The WAL begins anew only when all of it was moved. On a slow disk a sample may come during every checkpoint;
    // then the writer has to wait for one.
    if (walPages > MAX_WAL_PAGES) this.finish();
  }

  /** Whole minutes only, so that queries know from when on raw rows are complete. */
  private deleteSomeSamples(beforeMs: number): boolean {
    const [earliestMs] = (this.earliest.get() as [number] | undefined) ?? [Infinity];
    if (startOfMinute(earliestMs) >= startOfMinute(beforeMs)) return false;
    const [endMs] = (this.stepEnd.get(ROWS_A_STEP) as [number] | undefined) ?? [Infinity];
    const toMs = Math.min(
      startOfMinute(beforeMs),
      Math.max(startOfMinute(endMs), startOfMinute(earliestMs) + MINUTE_MS),
    );
    this.deleteSamples.run(toMs);
    return toMs < startOfMinute(beforeMs);
  }
}

function startOfMinute(timeMs: number): number {
  return Math.floor(timeMs / MINUTE_MS) * MINUTE_MS;
}
