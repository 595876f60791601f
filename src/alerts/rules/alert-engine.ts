import {
  type AlertLimits,
  type AlertRule,
  type AlertSample,
  type AlertSurroundings,
  type AlertThresholds,
  type AlertView,
  type Look,
  type SampleView,
} from './alert-rule.js';
import { type AlertState } from './alert-state.js';
import { agoMs, type AlertTransition, type Moment, REMINDER_MS } from './alert-transition.js';
import { type GameEvent, GameWatch } from './game-watch.js';
import { HeldCondition } from './held-condition.js';
import { BEAT_RULES, SAMPLE_RULES } from './rules.js';

/** A step between two beats counts for so long at most: more, and this process was not running. */
const LONGEST_BEAT_MS = 10_000;
/** So many intervals may lie between two samples that are one after the other. */
const LONGEST_STEP_INTERVALS = 3;

/** How one rule stands. */
export interface AlertStatus {
  readonly rule: string;
  readonly level: AlertRule['level'];
  readonly what: string;
  /** `pending`: it holds, not yet for long enough. */
  readonly state: 'ok' | 'pending' | 'firing';
  readonly since: Date | null;
  /** Null when it is not known, or off. */
  readonly measure: Look['measure'];
}

/** A rule, and how it stands. */
interface Watched<View extends AlertView> {
  readonly rule: AlertRule<View>;
  readonly condition: HeldCondition;
  toldMs: number;
  toldAt: string;
  lastLook: Look | null;
  lastView: View | null;
}

/**
 * All rules over snapshots, events and time. It asks no clock and does nothing but say what people are to be told; `state` is to
 * be kept when it has changed, which `revision` counts, and given to the next run's engine.
 */
export class AlertEngine {
  private readonly onSample: readonly Watched<SampleView>[];
  private readonly onBeat: readonly Watched<AlertView>[];
  private readonly all: readonly (Watched<SampleView> | Watched<AlertView>)[];
  private readonly game: GameWatch;
  private sampledMs: number;
  private changes = 0;

  constructor(
    private readonly thresholds: AlertThresholds,
    private readonly forMs: number,
    restored: AlertState | null,
    now: Moment,
  ) {
    this.onSample = SAMPLE_RULES.map((rule) => watched(rule, restored, now));
    this.onBeat = BEAT_RULES.map((rule) => watched(rule, restored, now));
    this.all = [...this.onSample, ...this.onBeat];
    this.game = new GameWatch(forMs, restored, now);
    this.sampledMs = now.atMs;
  }

  /** Grows whenever `state` has changed. */
  get revision(): number {
    return this.changes;
  }

  get state(): AlertState {
    const firing = this.all.filter(({ condition }) => condition.isFiring);
    return {
      firing: Object.fromEntries(
        firing.map(({ rule, condition, toldAt }) => [
          rule.name,
          { since: condition.since?.toISOString() ?? toldAt, toldAt },
        ]),
      ),
      down: this.game.state,
    };
  }

  /** How all rules stand, that about the game first. */
  get statuses(): readonly AlertStatus[] {
    const down = this.game.state;
    return [
      {
        rule: 'game',
        level: 'error',
        what: this.game.what,
        measure: null,
        state: down === null ? 'ok' : down.toldAt === null ? 'pending' : 'firing',
        since: down === null ? null : new Date(down.since),
      },
      ...this.all.map(({ rule, condition, lastLook }) => ({
        rule: rule.name,
        level: rule.level,
        what: rule.what,
        state: condition.isFiring
          ? ('firing' as const)
          : condition.since === null
            ? ('ok' as const)
            : ('pending' as const),
        since: condition.since,
        measure: lastLook?.measure ?? null,
      })),
    ];
  }

  /** Takes in a snapshot. */
  sample(
    sample: AlertSample,
    limits: AlertLimits,
    around: AlertSurroundings,
    now: Moment,
  ): AlertTransition[] {
    const view = { sample, limits, around, thresholds: this.thresholds, sinceSampleMs: 0 };
    this.sampledMs = now.atMs;
    const longestMs = LONGEST_STEP_INTERVALS * around.intervalSeconds * 1000;
    const told: AlertTransition[] = [];
    for (const each of this.onSample) this.advance(each, view, longestMs, now, told);
    return this.count(told);
  }

  /** Lets time go on; to be called every second or so. */
  beat(around: AlertSurroundings, now: Moment): AlertTransition[] {
    // A pause of the collection is no lack of samples, and nothing is known while it lasts.
    if (around.intervalSeconds === 0) {
      this.sampledMs = now.atMs;
      for (const { condition } of this.onSample) condition.advance(null, now, 0, this.forMs);
    }
    const view = { around, thresholds: this.thresholds, sinceSampleMs: now.atMs - this.sampledMs };
    const before = this.game.state;
    const told = this.game.beat(now);
    if (this.game.state !== before) this.changes++;
    for (const each of this.onBeat) this.advance(each, view, LONGEST_BEAT_MS, now, told);
    for (const each of this.all) {
      if (each.condition.isFiring && now.atMs - each.toldMs >= REMINDER_MS) {
        told.push(tell(each, 'reminder', now));
      }
    }
    return this.count(told);
  }

  /** Takes in what happened to the game. */
  event(event: GameEvent, now: Moment): AlertTransition[] {
    const before = this.game.state;
    const transitions = this.game.event(event, now);
    if (this.game.state !== before) this.changes++;
    return transitions;
  }

  private count(transitions: AlertTransition[]): AlertTransition[] {
    if (transitions.length > 0) this.changes++;
    return transitions;
  }

  private advance<View extends AlertView>(
    each: Watched<View>,
    view: View,
    longestStepMs: number,
    now: Moment,
    told: AlertTransition[],
  ): void {
    each.lastLook = each.rule.look(view);
    each.lastView = view;
    const { condition } = each;
    const change = condition.advance(each.lastLook, now, longestStepMs, this.forMs);
    if (change === null) return;
    told.push(tell(each, change === 'fired' ? 'firing' : 'resolved', now));
    if (change === 'resolved') condition.since = null;
  }
}

function watched<View extends AlertView>(
  rule: AlertRule<View>,
  restored: AlertState | null,
  now: Moment,
): Watched<View> {
  const before = restored?.firing[rule.name];
  const toldAt = before?.toldAt ?? now.date.toISOString();
  return {
    rule,
    condition: before === undefined ? new HeldCondition() : HeldCondition.firing(new Date(before.since)),
    toldMs: now.atMs - agoMs(toldAt, now, REMINDER_MS),
    toldAt,
    lastLook: null,
    lastView: null,
  };
}

function tell<View extends AlertView>(
  each: Watched<View>,
  status: 'firing' | 'reminder' | 'resolved',
  { atMs, date }: Moment,
): AlertTransition {
  const timestamp = date.toISOString();
  each.toldMs = atMs;
  each.toldAt = timestamp;
  const { rule, condition, lastLook, lastView } = each;
  return {
    rule: rule.name,
    level: rule.level,
    what: rule.what,
    status,
    text: status === 'resolved' || lastView === null ? '' : rule.text(lastView),
    measure: lastLook?.measure ?? null,
    since: condition.since?.toISOString() ?? timestamp,
    timestamp,
    count: 1,
  };
}
