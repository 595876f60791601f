import { type MaintenanceOrder } from './archive-protocol.js';
import { IS_TIME, MAX_TIME_MS } from './schema.js';
import { type Connection, type Statement } from './sqlite.js';

const DAY_MS = 86_400_000;
const DAY_MINUTES = 1440;
const RAW_DAYS = 2;
/** Longer holes (a night or a day without samples is none of these) say nothing: the clock may have been set. */
const MAX_HOLE_MS = DAY_MS + 3_600_000;

/**
 * Decides what is old enough to be deleted: what is too old by the wall clock and, since that may be wrong, by what was
 * recorded after it. There the newest 1,440 minutes count one each and holes among them nothing; before those a hole
 * counts as far as it is no longer than a day or so. A clock that is wrong thus deletes nothing at once, and yet no
 * more minutes are kept than retention has.
 */
export class Retention {
  private readonly earliest: Statement;
  private readonly fromNewest: Statement;
  private readonly firstFrom: Statement;
  private readonly lastBefore: Statement;

  constructor(
    db: Connection,
    private readonly days: number,
  ) {
    const prepare = (bounds: string, rest: string) =>
      db.prepare(`SELECT time_ms FROM minute WHERE ${bounds} ORDER BY time_ms ${rest}`).raw();
    this.earliest = prepare(IS_TIME, 'LIMIT 1');
    this.fromNewest = prepare(IS_TIME, 'DESC LIMIT 1 OFFSET CAST(?1 AS INTEGER)');
    this.firstFrom = prepare(`time_ms >= ?1 AND time_ms <= ${MAX_TIME_MS}`, 'LIMIT 1');
    this.lastBefore = prepare('time_ms < ?1 AND time_ms >= 0', 'DESC LIMIT 1');
  }

  /** What may be deleted when the wall clock says `nowMs`. */
  due(nowMs: number): Pick<MaintenanceOrder, 'samplesBeforeMs' | 'minutesBeforeMs'> {
    return {
      samplesBeforeMs: this.before(Math.min(RAW_DAYS, this.days), nowMs),
      minutesBeforeMs: this.before(this.days, nowMs),
    };
  }

  private before(days: number, nowMs: number): number | null {
    const byClockMs = nowMs - days * DAY_MS;
    const earliestMs = timeOf(this.earliest.get());
    if (earliestMs === null || earliestMs >= byClockMs) return null;
    const byRecordMs = this.recordedBefore(days);
    return byRecordMs === null ? null : Math.min(byClockMs, byRecordMs);
  }

  /** The time before which minutes have so many recorded days after them; null while there are not so many. */
  private recordedBefore(days: number): number | null {
    let timeMs = timeOf(this.fromNewest.get(DAY_MINUTES - 1));
    let leftMs = (days - 1) * DAY_MS;
    // In steps of a day, not of a row: ten years are some thousand look-ups.
    while (timeMs !== null && leftMs > 0) {
      const firstMs = timeOf(this.firstFrom.get(timeMs - Math.min(leftMs, DAY_MS)));
      const nextMs: number | null =
        firstMs !== null && firstMs < timeMs ? firstMs : timeOf(this.lastBefore.get(timeMs));
      if (nextMs !== null && timeMs - nextMs <= MAX_HOLE_MS) leftMs -= timeMs - nextMs;
      timeMs = nextMs;
    }
    return timeMs;
  }
}

function timeOf(row: unknown): number | null {
  return (row as [number] | undefined)?.[0] ?? null;
}
