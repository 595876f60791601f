import { type NettraceListener, type RuntimeEvent } from './nettrace-reader.js';

/** What a .NET runtime's garbage collection was like since the sample before. */
export interface GcSample {
  /** Managed heap after the last collection, in MiB; null until there was one. */
  readonly gcHeapMb: number | null;
  /** Share of the time in which collections held all threads; null when no time has passed. */
  readonly gcPausePercent: number | null;
  /** The longest part of a pause that fell into it; 0 without any, null when no time has passed. */
  readonly gcPauseMaxMs: number | null;
}

/** What has been counted since the runtime was first listened to; it never falls. */
export interface GcCounters {
  readonly pauseSeconds: number;
  /** Collections by the generation that was collected, 0 to 2: each counts once. */
  readonly collections: readonly [number, number, number];
}

/** A stretch of time that has not been told in full; `fromMs` moves on as it is. */
interface Pause {
  readonly beganMs: number;
  fromMs: number;
  endedMs: number;
}

/** Numbers of the events, of the keyword GC: .NET documentation, "Garbage collection runtime events". */
const GC_START = 1;
const RESTART_EE_BEGIN = 7;
const GC_HEAP_STATS = 4;
const SUSPEND_EE_BEGIN = 9;
/** Reasons of a suspension that are the collector's: a collection; a step of one in the background, or of its heaps. */
const GC_REASONS = new Set([1, 6]);
/** Sizes of the generations 0, 1, 2 and of large objects; that of pinned ones came later (version 2). */
const SIZE_OFFSETS = [0, 16, 32, 48];
const PINNED_SIZE_OFFSET = 94;
const MIB = 1024 ** 2;
/** The runtime hands its events on every 100 ms. A sample tells of the time before this, of which all are here. */
const DELAY_MS = 250;
/** More pauses than in 10 s of anything sensible: if nobody takes samples, older ones are summed up. */
const MAX_PAUSES = 1024;
/** More threads than can be about to hold the others; more of them are ends that were lost. */
const MAX_OPEN = 64;

/**
 * Sums up a runtime's events. Times are the runtime's own; ours are needed only to know how far its clock is, and
 * both are monotonic.
 */
export class GcMeter implements NettraceListener {
  private heap: number | null = null;
  private pauseMs = 0;
  private readonly collections: [number, number, number] = [0, 0, 0];
  /** What their clock is ahead of ours, at the least; what comes late would say more. */
  private aheadMs = -Infinity;
  private toldUntilMs = 0;
  /** Pauses that go on, by the thread that began them. */
  private readonly open = new Map<number, Pause>();
  private ended: Pause[] = [];
  private summed = { ms: 0, maxMs: 0 };

  /** `now` is our monotonic clock, in ms; `onPause` hears of each pause once it has ended, with its whole length. */
  constructor(
    private readonly now: () => number,
    private readonly onPause: (ms: number) => void = () => undefined,
  ) {}

  /** Managed heap after the last collection; null until there was one. */
  get heapBytes(): number | null {
    return this.heap;
  }

  get counters(): GcCounters {
    return { pauseSeconds: this.pauseMs / 1000, collections: [...this.collections] };
  }

  began(timeMs: number): void {
    this.open.clear();
    this.heap = null;
    this.aheadMs = -Infinity;
    this.noteTime(timeMs);
    this.toldUntilMs = timeMs;
  }

  event({ id, timeMs, thread, payload }: RuntimeEvent): void {
    this.noteTime(timeMs);
    if (id === SUSPEND_EE_BEGIN) {
      if (!GC_REASONS.has(payload.readUInt32LE(0))) return;
      if (this.open.size >= MAX_OPEN) this.open.clear();
      this.open.set(thread, { beganMs: timeMs, fromMs: timeMs, endedMs: Infinity });
    } else if (id === RESTART_EE_BEGIN) this.endPause(thread, timeMs);
    else if (id === GC_START) {
      const generation = payload.readUInt32LE(4);
      if (generation === 0 || generation === 1 || generation === 2) this.collections[generation] += 1;
    } else if (id === GC_HEAP_STATS) this.heap = heapBytes(payload);
  }

  /**
   * The sample as of our time, for the time since the one before: its end lies 250 ms back, since events come late.
   * A pause that goes on at the end counts with its part in this one and in the next.
   */
  read(nowMs: number): GcSample {
    const untilMs = Math.max(this.toldUntilMs, nowMs + this.aheadMs - DELAY_MS);
    const lengthMs = untilMs - this.toldUntilMs;
    const gcHeapMb = this.heap === null ? null : this.heap / MIB;
    if (lengthMs === 0) return { gcHeapMb, gcPausePercent: null, gcPauseMaxMs: null };
    this.sumUp([...this.ended, ...this.open.values()], untilMs);
    this.ended = this.ended.filter(({ endedMs }) => endedMs > untilMs);
    const { ms, maxMs } = this.summed;
    // More than all of it is of pauses that came to be known late: what does not fit goes into the next.
    const shownMs = Math.min(ms, lengthMs);
    this.summed = { ms: ms - shownMs, maxMs: 0 };
    this.toldUntilMs = untilMs;
    return {
      gcHeapMb,
      gcPausePercent: (100 * shownMs) / lengthMs,
      gcPauseMaxMs: Math.min(maxMs, lengthMs),
    };
  }

  private noteTime(timeMs: number): void {
    this.aheadMs = Math.max(this.aheadMs, timeMs - this.now());
  }

  private endPause(thread: number, endedMs: number): void {
    const pause = this.open.get(thread);
    if (pause === undefined) return;
    this.open.delete(thread);
    // Threads are held by one at a time: the end of an older one was lost.
    for (const [other, { beganMs }] of this.open) if (beganMs < pause.beganMs) this.open.delete(other);
    pause.endedMs = Math.max(endedMs, pause.beganMs);
    const ms = pause.endedMs - pause.beganMs;
    this.pauseMs += ms;
    this.ended.push(pause);
    if (this.ended.length > MAX_PAUSES) {
      this.sumUp(this.ended, Infinity);
      this.ended = [];
    }
    this.onPause(ms);
  }

  private sumUp(pauses: readonly Pause[], untilMs: number): void {
    for (const pause of pauses) {
      const toMs = Math.min(pause.endedMs, untilMs);
      if (toMs <= pause.fromMs) continue;
      this.summed.ms += toMs - pause.fromMs;
      this.summed.maxMs = Math.max(this.summed.maxMs, toMs - pause.fromMs);
      pause.fromMs = toMs;
    }
  }
}

function heapBytes(stats: Buffer): number {
  const offsets =
    stats.length >= PINNED_SIZE_OFFSET + 8 ? [...SIZE_OFFSETS, PINNED_SIZE_OFFSET] : SIZE_OFFSETS;
  return offsets.reduce((sum, offset) => sum + Number(stats.readBigUInt64LE(offset)), 0);
}
