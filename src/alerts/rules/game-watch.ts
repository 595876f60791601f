import { type AlertState, type DownGame } from './alert-state.js';
import { agoMs, type AlertTransition, type Moment, REMINDER_MS } from './alert-transition.js';

/** A crash is told once no other has come for this long; they are gathered for `GATHER_LONGEST_MS` at most. */
const GATHER_MS = 5_000;
const GATHER_LONGEST_MS = 30_000;
/** What a step between two beats counts for at most: more, and this process was not running. */
const LONGEST_STEP_MS = 10_000;

/** What happened to the game, as far as an alert is concerned. */
export type GameEvent =
  /** It died without having been asked to; `how` is a sentence. */
  | { readonly kind: 'crashed'; readonly how: string }
  /** It is being started. */
  | { readonly kind: 'starting' }
  /** It should run and does not, and that was no crash: a start that failed. `how` is a sentence. */
  | { readonly kind: 'down'; readonly how: string }
  /** It is not started again any more after its crashes. */
  | { readonly kind: 'gaveUp'; readonly how: string }
  /** It is started again by us after a crash. */
  | { readonly kind: 'restarted' }
  /** It runs. */
  | { readonly kind: 'up' }
  /** It ended because somebody wanted that, here or in the game. */
  | { readonly kind: 'stopped' };

/**
 * The rule about the game being down. A crash is told at once, which is after 5 s without another one: those in a row are
 * one message with their number, and what follows is counted until it has run for long enough. Not being up after a start is
 * told when it has lasted. It is over when the game has run for long enough, or when it is stopped by hand.
 */
export class GameWatch {
  private down: DownGame | null = null;
  private isUp = false;
  private isRestarted = false;
  /** How long it has been up, or down without a crash. */
  private soFarMs = 0;
  private lastBeatMs: number | null = null;
  private firstCrashMs = 0;
  private lastCrashMs = 0;
  private toldMs = 0;

  constructor(
    private readonly forMs: number,
    restored: AlertState | null,
    now: Moment,
  ) {
    this.down = restored?.down ?? null;
    this.firstCrashMs = this.lastCrashMs = now.atMs;
    if (this.down?.toldAt != null) this.toldMs = now.atMs - agoMs(this.down.toldAt, now, REMINDER_MS);
  }

  /** What is kept: a game that is down, told or not. */
  get state(): DownGame | null {
    return this.down;
  }

  /** What the alert is about, as things are now. */
  get what(): string {
    return this.down !== null && this.isUp
      ? 'The game server was down and runs again'
      : 'The game server is down';
  }

  event(event: GameEvent, now: Moment): AlertTransition[] {
    switch (event.kind) {
      case 'crashed':
        if ((this.down?.crashes ?? 0) === 0) this.firstCrashMs = now.atMs;
        this.lastCrashMs = now.atMs;
        this.goesDown(event.how, 1, now);
        return [];
      case 'starting':
        this.isUp = false;
        if (this.down === null) this.goesDown('It was started, and does not run.', 0, now);
        return [];
      case 'down':
        this.goesDown(event.how, 0, now);
        return [];
      case 'gaveUp':
        return [this.givesUp(event.how, now)];
      case 'restarted':
        this.isRestarted = true;
        return [];
      case 'up':
        if (!this.isUp) this.soFarMs = 0;
        this.isUp = true;
        return [];
      case 'stopped':
        return this.stopped(now);
    }
  }

  /** To be called every second or so. */
  beat(now: Moment): AlertTransition[] {
    if (this.lastBeatMs !== null) this.soFarMs += Math.min(now.atMs - this.lastBeatMs, LONGEST_STEP_MS);
    this.lastBeatMs = now.atMs;
    const { down } = this;
    if (down === null) return [];
    const isLong = this.soFarMs >= this.forMs;
    if (down.toldAt !== null) {
      if (this.isUp && isLong) return [this.end(down, this.backText, now)];
      if (now.atMs - this.toldMs < REMINDER_MS) return [];
      return [this.tell(down, 'reminder', down.how, now)];
    }
    if (down.crashes > 0) {
      const isGathered =
        now.atMs - this.lastCrashMs >= GATHER_MS || now.atMs - this.firstCrashMs >= GATHER_LONGEST_MS;
      return isGathered ? [this.tell(down, 'firing', down.how, now)] : [];
    }
    // It was late, and nobody needs to know.
    if (this.isUp) this.down = null;
    return !this.isUp && isLong ? [this.tell(down, 'firing', down.how, now)] : [];
  }

  private givesUp(how: string, now: Moment): AlertTransition {
    // How it died the last time is of use as well.
    const text = this.down !== null && this.down.crashes > 0 ? `${this.down.how} ${how}` : how;
    return this.tell(this.goesDown(text, 0, now), 'firing', text, now);
  }

  private get backText(): string {
    return this.isRestarted
      ? 'The game server runs again: it was restarted after its crash.'
      : 'The game server runs again.';
  }

  private goesDown(how: string, crashes: number, { date }: Moment): DownGame {
    const down = this.down ?? { since: date.toISOString(), crashes: 0, toldAt: null };
    if (this.isUp || this.down === null) this.soFarMs = 0;
    this.isUp = false;
    return (this.down = { ...down, how, crashes: down.crashes + crashes });
  }

  private stopped(now: Moment): AlertTransition[] {
    this.isUp = false;
    const { down } = this;
    this.down = null;
    if (down === null || (down.toldAt === null && down.crashes === 0)) return [];
    const untold = down.toldAt === null ? [this.tell(down, 'firing', down.how, now)] : [];
    return [...untold, this.end(down, 'The game server was stopped, as it was asked to.', now)];
  }

  private tell(down: DownGame, status: 'firing' | 'reminder', text: string, now: Moment): AlertTransition {
    this.toldMs = now.atMs;
    this.down = { ...down, toldAt: now.date.toISOString() };
    return transition(down, status, text, now);
  }

  private end(down: DownGame, text: string, now: Moment): AlertTransition {
    this.down = null;
    this.isRestarted = false;
    const crashes = down.crashes > 1 ? ` It had crashed ${down.crashes} times.` : '';
    return transition(down, 'resolved', text + crashes, now);
  }
}

function transition(
  { since, crashes }: DownGame,
  status: AlertTransition['status'],
  text: string,
  { date }: Moment,
): AlertTransition {
  return {
    rule: 'game',
    level: 'error',
    what: crashes > 0 ? 'The game server crashed' : 'The game server is down',
    status,
    text,
    measure: null,
    since,
    timestamp: date.toISOString(),
    count: Math.max(1, crashes),
  };
}
