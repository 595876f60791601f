import { monotonicMs, type UpkeepOrder } from './archive-protocol.js';

const DAY_MS = 86_400_000;
const RAW_DAYS = 2;
/** A wall clock that gains or loses more than this between two looks has been set. */
const JUMP_MS = 60_000;
/** A clock that was set wrong is mostly set right within a day: until then nothing is deleted by it. */
const TRUST_AFTER_MS = DAY_MS;

/** Decides what is old enough to be deleted, by a wall clock that it does not trust after a jump. */
export class Retention {
  private offsetMs = Date.now() - monotonicMs();
  private trustedFromMs = 0;

  constructor(private readonly days: number) {}

  /** What may be deleted now; call it at least every few minutes. */
  due(): Pick<UpkeepOrder, 'samplesBeforeMs' | 'minutesBeforeMs'> {
    const [wallMs, steadyMs] = [Date.now(), monotonicMs()];
    if (Math.abs(wallMs - steadyMs - this.offsetMs) > JUMP_MS) this.trustedFromMs = steadyMs + TRUST_AFTER_MS;
    this.offsetMs = wallMs - steadyMs;
    if (steadyMs < this.trustedFromMs) return { samplesBeforeMs: null, minutesBeforeMs: null };
    return {
      samplesBeforeMs: wallMs - Math.min(RAW_DAYS, this.days) * DAY_MS,
      minutesBeforeMs: wallMs - this.days * DAY_MS,
    };
  }
}
