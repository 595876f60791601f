import { type Look } from './alert-rule.js';
import { type Moment } from './alert-transition.js';

/**
 * One rule over time: pending while its condition holds, firing once it has held for long enough, over once it has been clear for
 * as long. Time in which nothing is known counts for nothing.
 */
export class HeldCondition {
  /** Since when it holds, when it does or fires. */
  since: Date | null = null;
  isFiring = false;
  private isClearing = false;
  /** How long it has held, or while it fires, been clear. */
  private soFarMs = 0;
  private lastMs: number | null = null;

  /** One that fired before a restart. */
  static firing(since: Date): HeldCondition {
    const condition = new HeldCondition();
    condition.since = since;
    condition.isFiring = true;
    return condition;
  }

  /** Takes in what the rule saw; tells whether that made it fire or end. A step counts for `longestStepMs` at most. */
  advance(look: Look | null, now: Moment, longestStepMs: number, forMs: number): 'fired' | 'resolved' | null {
    if (look === null) {
      this.lastMs = null;
      return null;
    }
    const stepMs = this.lastMs === null ? 0 : Math.min(now.atMs - this.lastMs, longestStepMs);
    this.lastMs = now.atMs;
    return this.isFiring ? this.fires(look, stepMs, forMs) : this.rests(look, now, stepMs, forMs);
  }

  private rests(look: Look, { date }: Moment, stepMs: number, forMs: number): 'fired' | null {
    if (!look.holds) {
      this.since = null;
      return null;
    }
    this.soFarMs = this.since === null ? 0 : this.soFarMs + stepMs;
    this.since ??= date;
    if (this.soFarMs < forMs) return null;
    this.isFiring = true;
    this.isClearing = false;
    return 'fired';
  }

  private fires(look: Look, stepMs: number, forMs: number): 'resolved' | null {
    this.soFarMs = this.isClearing ? this.soFarMs + stepMs : 0;
    this.isClearing = look.isClear;
    if (!look.isClear || this.soFarMs < forMs) return null;
    this.isFiring = false;
    return 'resolved';
  }
}
