import { type EventLog } from '../../events/event-log.js';
import { type Happening } from './game-lines.js';

/** How long what happens again and again is put together. */
const GATHERING_MS = 60_000;

type Counted = Exclude<Happening['what'], 'ready' | 'stopping'>;

/** What came of one kind since it was told last. */
interface Gathered {
  count: number;
  /** The longest tick, the least room on the disk. */
  extreme: number | null;
}

/**
 * Makes events of what happens in a game. The first of a kind is told at once; those that follow within a minute are
 * told together at its end, with their number: a flood of lines is one event a minute. `close` it in the end.
 */
export class HappeningEvents {
  private readonly gathering = new Map<Counted, Gathered>();
  private readonly timers = new Map<Counted, NodeJS.Timeout>();
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
        this.count(happening.what, happening.tickMs, Math.max);
        return;
      case 'diskLow':
        this.count(happening.what, happening.freeMb, Math.min);
        return;
      default:
        this.count(happening.what, null, Math.max);
    }
  }

  /** Tells what was gathered so far; takes nothing any more. */
  close(): void {
    this.isClosed = true;
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
    for (const [what, gathered] of this.gathering) this.tell(what, gathered);
    this.gathering.clear();
  }

  private count(what: Counted, value: number | null, pick: (a: number, b: number) => number): void {
    if (!this.timers.has(what)) {
      this.gather(what);
      this.tell(what, { count: 1, extreme: value });
      return;
    }
    const gathered = this.gathering.get(what);
    if (gathered === undefined) {
      this.gathering.set(what, { count: 1, extreme: value });
      return;
    }
    gathered.count += 1;
    if (value !== null) gathered.extreme = gathered.extreme === null ? value : pick(gathered.extreme, value);
  }

  private gather(what: Counted): void {
    const timer = setTimeout(() => {
      this.timers.delete(what);
      const gathered = this.gathering.get(what);
      if (gathered === undefined) return;
      this.gathering.delete(what);
      this.gather(what);
      this.tell(what, gathered);
    }, GATHERING_MS);
    this.timers.set(what, timer.unref());
  }

  private tell(what: Counted, { count, extreme }: Gathered): void {
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
