const FIRST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 300_000;
const WINDOW_MS = 1800_000;
const MOST_CRASHES = 5;
const DAY_MS = 24 * 3600_000;

/** What is done about a crash. */
export type RestartDecision =
  /** `inMs`: how long to wait; `attempt`: the how-manieth of a row; `today`: how many crashes there were in 24 h, this one included. */
  | { readonly kind: 'restart'; readonly inMs: number; readonly attempt: number; readonly today: number }
  | { readonly kind: 'stayDown'; readonly crashes: number; readonly windowMs: number };

/**
 * `VS_SERVER_RESTART=on-crash`: a game that crashed is started again after 10 s, after a further crash within half an hour after
 * twice as long, 5 min at most; the fifth within half an hour is the last. All times are of the steady clock. Whoever waits takes
 * the `token` when the game has ended, and must ask `isWanted` before starting it: somebody may have done something by hand since.
 */
export class RestartPolicy {
  private crashesAtMs: number[] = [];
  /** Crashes before this one are no longer held against the game. */
  private forgivenMs = -Infinity;
  private handlings = 0;

  /** `firstPauseMs`: how long is waited after a first crash. */
  constructor(private readonly firstPauseMs = FIRST_PAUSE_MS) {}

  /** As of now: what to ask `isWanted` with. */
  get token(): number {
    return this.handlings;
  }

  /** Takes in a crash; says what to do. */
  crashed(atMs: number): RestartDecision {
    this.crashesAtMs = [...this.crashesAtMs.filter((crash) => atMs - crash < DAY_MS), atMs].slice(-1000);
    const recent = this.crashesAtMs.filter(
      (crash) => crash > this.forgivenMs && atMs - crash < WINDOW_MS,
    ).length;
    if (recent >= MOST_CRASHES) return { kind: 'stayDown', crashes: recent, windowMs: WINDOW_MS };
    const inMs = Math.min(this.firstPauseMs * 2 ** (recent - 1), LONGEST_PAUSE_MS);
    return { kind: 'restart', inMs, attempt: recent, today: this.crashesAtMs.length };
  }

  /** Takes in that somebody started, stopped or restarted the game, or that we shut down: no restart of ours is wanted any more. */
  handled(atMs: number): void {
    this.handlings++;
    this.forgivenMs = atMs;
  }

  /** Whether nothing was done by hand since the token was taken. */
  isWanted(token: number): boolean {
    return token === this.handlings;
  }
}

/** The sentence for people: `It is started again in 10 s, the second time today.` */
export function restartText(decision: RestartDecision): string {
  if (decision.kind === 'stayDown') {
    return `It crashed ${decision.crashes} times in ${decision.windowMs / 60_000} min and stays down: start it by hand.`;
  }
  const often = decision.today === 1 ? '' : `, its crash number ${decision.today} in 24 h`;
  return `It is started again in ${decision.inMs / 1000} s${often}.`;
}
