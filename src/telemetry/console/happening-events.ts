import { type EventLog } from '../../events/event-log.js';
import { Gathering } from '../gathering.js';
import { type Happening } from './game-lines.js';

type Counted = Exclude<Happening['what'], 'ready' | 'stopping'>;

/**
 * Makes events of what happens in a game. The first of a kind is told at once; those that follow within a minute are
 * told together at its end, with their number: a flood of lines is one event a minute. `close` it in the end.
 */
export class HappeningEvents {
  private readonly gatherings = new Map<Counted, Gathering>();
  private isClosed = false;

  constructor(
    private readonly log: Pick<EventLog, 'tell'>,
    /** Seconds since the game's start; null where that is not known. */
    private readonly uptimeSeconds: () => number | null,
  ) {}

  take(happening: Happening): void {
    if (this.isClosed) return;
    switch (happening.what) {
      case 'ready':
        this.log.tell('game_ready', { seconds: this.uptimeSeconds() });
        return;
      case 'stopping':
        this.log.tell('game_stop_reason', { reason: happening.reason });
        return;
      case 'overloaded':
        this.count(happening.what, happening.tickMs);
        return;
      case 'diskLow':
        this.count(happening.what, happening.freeMb, Math.min);
        return;
      default:
        this.count(happening.what, null);
    }
  }

  /** Tells what was gathered so far; takes nothing any more. */
  close(): void {
    this.isClosed = true;
    for (const gathering of this.gatherings.values()) gathering.close();
    this.gatherings.clear();
  }

  private count(what: Counted, value: number | null, pick?: (a: number, b: number) => number): void {
    let gathering = this.gatherings.get(what);
    if (gathering === undefined) {
      gathering = new Gathering((count, extreme) => {
        this.tell(what, count, extreme);
      }, pick);
      this.gatherings.set(what, gathering);
    }
    gathering.take(value);
  }

  private tell(what: Counted, count: number, extreme: number | null): void {
    switch (what) {
      case 'overloaded':
        this.log.tell('tick_overload', { count, tickMs: extreme ?? 0 });
        return;
      case 'diskLow':
        this.log.tell('game_disk_low', { count, freeMb: extreme });
        return;
      default:
        this.log.tell(KINDS[what], { count });
    }
  }
}

const KINDS = {
  suspended: 'ticking_suspended',
  resumed: 'ticking_resumed',
  joined: 'players_joined',
  left: 'players_left',
  autosaveFailed: 'autosave_failed',
  memoryHigh: 'game_memory_high',
} as const satisfies Record<Exclude<Counted, 'overloaded' | 'diskLow'>, string>;
