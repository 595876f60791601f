import { beforeEach, describe, expect, it } from '@jest/globals';
import { u32 } from '../../testing/nettrace.js';
import { GcMeter } from './gc-meter.js';

const GC_START = 1;
const HEAP_STATS = 4;
const RESTART = 7;
const SUSPEND = 9;
/** The runtime's clock is so much ahead of ours, in ms. */
const AHEAD_MS = 1_000_000;
/** A sample tells of the time until so long ago. */
const DELAY_MS = 250;
const NONE = { gcHeapMb: null, gcPausePercent: 0, gcPauseMaxMs: 0 };

describe('GcMeter', () => {
  let nowMs: number;
  let pauses: number[];
  let meter: GcMeter;

  beforeEach(() => {
    nowMs = 1000;
    pauses = [];
    meter = new GcMeter(
      () => nowMs,
      (ms) => pauses.push(ms),
    );
    meter.began(AHEAD_MS + nowMs);
  });

  /** An event that happened at a time of our clock, and is heard of `lateMs` after. */
  function event(id: number, atMs: number, payload = u32(), thread = 1, lateMs = 100): void {
    nowMs = atMs + lateMs;
    meter.event({ id, timeMs: AHEAD_MS + atMs, thread, payload });
  }

  function suspend(atMs: number, thread = 1, reason = 1): void {
    event(SUSPEND, atMs, u32(reason, 0), thread);
  }

  function pause(fromMs: number, toMs: number, thread = 1): void {
    suspend(fromMs, thread);
    event(RESTART, toMs, u32(), thread);
  }

  function read(atMs: number) {
    return meter.read(atMs + DELAY_MS);
  }

  it('tells the share of the time that pauses took, and the longest', () => {
    pause(1100, 1120);
    pause(1500, 1530, 2);
    expect(read(2000)).toEqual({ gcHeapMb: null, gcPausePercent: 5, gcPauseMaxMs: 30 });
    pause(2900, 2901);
    expect(read(3000)).toEqual({ gcHeapMb: null, gcPausePercent: 0.1, gcPauseMaxMs: 1 });
    expect(read(4000)).toEqual(NONE);
    expect(pauses).toEqual([20, 30, 1]);
    expect(meter.counters.pauseSeconds).toBeCloseTo(0.051, 9);
  });

  it('counts a pause that goes on with its part in each sample', () => {
    suspend(1900);
    expect(read(2000)).toEqual({ gcHeapMb: null, gcPausePercent: 10, gcPauseMaxMs: 100 });
    expect(read(3000)).toEqual({ gcHeapMb: null, gcPausePercent: 100, gcPauseMaxMs: 1000 });
    event(RESTART, 3250);
    expect(pauses).toEqual([1350]);
    expect(read(4000)).toEqual({ gcHeapMb: null, gcPausePercent: 25, gcPauseMaxMs: 250 });
    expect(read(5000)).toEqual(NONE);
  });

  it('counts a pause after the end of a sample in the next', () => {
    pause(2050, 2060);
    expect(read(2000)).toEqual(NONE);
    expect(read(3000)).toEqual({ gcHeapMb: null, gcPausePercent: 1, gcPauseMaxMs: 10 });
  });

  it('counts a pause that comes to be known late, never more than all of the time, and loses none of it', () => {
    expect(read(2000)).toEqual(NONE);
    suspend(1000);
    event(RESTART, 1500, u32(), 1, 1000);
    expect(read(2400)).toEqual({ gcHeapMb: null, gcPausePercent: 100, gcPauseMaxMs: 400 });
    expect(read(3400)).toEqual({ gcHeapMb: null, gcPausePercent: 10, gcPauseMaxMs: 0 });
    expect(meter.counters.pauseSeconds).toBe(0.5);
  });

  it('knows the pauses of collections from those for something else', () => {
    for (const reason of [0, 2, 3, 4, 5, 7]) {
      suspend(1100, 1, reason);
      event(RESTART, 1900);
    }
    expect(pauses).toEqual([]);
    // A step of a collection in the background.
    suspend(1100, 1, 6);
    event(RESTART, 1110);
    expect(pauses).toEqual([10]);
  });

  it('takes events of several threads in any order', () => {
    suspend(1500, 1);
    pause(1300, 1310, 2);
    event(RESTART, 1540, u32(), 1);
    expect(pauses).toEqual([10, 40]);
    expect(read(2000)).toEqual({ gcHeapMb: null, gcPausePercent: 5, gcPauseMaxMs: 40 });
  });

  it('forgets a pause whose end was lost', () => {
    suspend(1100, 1);
    pause(1200, 1210, 2);
    expect(read(2000)).toEqual({ gcHeapMb: null, gcPausePercent: 1, gcPauseMaxMs: 10 });
    event(RESTART, 2100, u32(), 3);
    suspend(2200, 4);
    suspend(2500, 4);
    event(RESTART, 2510, u32(), 4);
    expect(read(3000)).toEqual({ gcHeapMb: null, gcPausePercent: 1, gcPauseMaxMs: 10 });
  });

  it('counts collections by the generation that was collected', () => {
    for (const generation of [0, 0, 1, 2, 0]) event(GC_START, 1100, u32(1, generation, 0, 0));
    event(GC_START, 1100, u32(1, 77, 0, 0));
    expect(meter.counters.collections).toEqual([3, 1, 1]);
  });

  it('adds up the heap: all generations, large objects and, where they are told, pinned ones', () => {
    const stats = Buffer.alloc(110);
    [10, 20, 30, 40].forEach((mb, i) => stats.writeBigUInt64LE(BigInt(mb << 20), 16 * i));
    stats.writeBigUInt64LE(BigInt(1 << 20), 94);
    expect(read(1500).gcHeapMb).toBeNull();
    event(HEAP_STATS, 1600, stats);
    expect(read(2000).gcHeapMb).toBe(101);
    event(HEAP_STATS, 1700, stats.subarray(0, 94));
    expect(read(3000).gcHeapMb).toBe(100);
  });

  it('has no share of no time', () => {
    read(2000);
    expect(read(2000)).toEqual({ gcHeapMb: null, gcPausePercent: null, gcPauseMaxMs: null });
    expect(read(1900)).toEqual({ gcHeapMb: null, gcPausePercent: null, gcPauseMaxMs: null });
  });

  it('begins anew with a new stream, and counts on', () => {
    pause(1100, 1200);
    event(HEAP_STATS, 1200, Buffer.alloc(110));
    suspend(1900);
    nowMs = 60_000;
    meter.began(AHEAD_MS + nowMs);
    expect(meter.counters.pauseSeconds).toBeCloseTo(0.1, 9);
    pause(60_500, 60_510);
    expect(read(61_000)).toMatchObject({ gcHeapMb: null, gcPauseMaxMs: 100 });
    expect(meter.counters.pauseSeconds).toBeCloseTo(0.11, 9);
  });

  it('keeps few pauses when nobody takes samples, and loses none', () => {
    for (let i = 0; i < 100_000; i++) pause(2000 + 10 * i, 2001 + 10 * i, i);
    for (let i = 0; i < 1000; i++) suspend(1_002_000, i);
    expect((meter as unknown as { ended: unknown[] }).ended.length).toBeLessThan(2000);
    const { gcPausePercent, gcPauseMaxMs } = read(1_002_000);
    expect(gcPausePercent).toBeCloseTo(9.99, 1);
    expect(gcPauseMaxMs).toBe(1);
  });
});
