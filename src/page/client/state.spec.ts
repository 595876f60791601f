import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Clock } from './clock.js';
import { toPoint } from './samples.js';
import { type Change, State } from './state.js';
import { type Info } from './wire.js';
import { UNKNOWN_VALUES } from '../../testing/unknown-values.js';

const NOW_MS = Date.parse('2026-01-01T00:00:00Z');

const info = (intervalSeconds: number): Info => ({
  serverName: '',
  intervalSeconds,
  capacity: 360,
  cores: 2,
  now: new Date(NOW_MS).toISOString(),
  startedAt: new Date(NOW_MS).toISOString(),
  historyFrom: new Date(NOW_MS - 7_200_000).toISOString(),
  degraded: null,
  gameMemoryLimit: null,
  gameDiskLimitMb: null,
});

const sampleOf = (secondsAgo: number) => ({
  timestamp: new Date(NOW_MS - secondsAgo * 1000).toISOString(),
  apiMemoryMb: 1,
  apiCpuPercent: 1,
  ...UNKNOWN_VALUES,
});

const event = {
  timestamp: new Date(NOW_MS).toISOString(),
  kind: 'game_ready',
  level: 'info',
  text: 'The game server is ready.',
  numbers: {},
} as const;

describe('the state of the page', () => {
  let changes: Change[];
  let state: State;

  beforeEach(() => {
    changes = [];
    // Time stands still: some of what is tested lies a second beside its limit.
    jest.spyOn(performance, 'now').mockReturnValue(5000);
    const clock = new Clock();
    clock.set(NOW_MS, 5000, 5000);
    state = new State(info(10), clock, (change) => changes.push(change));
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('tells each change once', () => {
    state.connect();
    state.addSample(sampleOf(1));
    state.addPast({ points: [], areAll: true });
    state.setAnswering(false);
    state.setInfo(info(5));
    state.addEvent(event);
    state.addNewestEvents({ events: [], areAll: true });
    state.addOlderEvents({ events: [], areAll: true });
    state.zoomTo({ from: 0, to: 1 });
    state.passSecond();
    state.disconnect(1000);
    expect(changes).toEqual([
      'connection',
      'sample',
      'past',
      'connection',
      'info',
      'events',
      'events',
      'events',
      'span',
      'passed',
      'connection',
    ]);
  });

  it('is stale after three missed intervals, and never while the collection is off', () => {
    state.connect();
    state.addSample(sampleOf(29));
    expect([state.isStale, state.isOld]).toEqual([false, false]);
    state.setInfo(info(5));
    expect([state.isStale, state.isOld]).toEqual([true, true]);
    state.setInfo(info(0));
    expect([state.isStale, state.isOld]).toEqual([false, true]);
  });

  it('has all samples up to now once the past is known, and up to the break after it', () => {
    expect(state.completeUntil).toBeCloseTo(NOW_MS / 1000, 0);
    state.connect();
    state.addPast({ points: [], areAll: true });
    expect(state.completeUntil).toBeNull();
    state.disconnect(1000);
    expect(state.completeUntil).toBeCloseTo(NOW_MS / 1000, 0);
  });

  it('covers what the memory will hold, or what the history has', () => {
    expect(state.coveredSeconds).toBeCloseTo(7200, 0);
    state.setInfo(info(60));
    expect(state.coveredSeconds).toBe(21_600);
  });
  it('shows what there is when it opens: an hour of two, minutes of a young history', () => {
    expect(state.rangeBy('').name).toBe('1h');
    state.setInfo({ ...info(10), historyFrom: null });
    expect(state.rangeBy('').name).toBe('5m');
    state.addPast({ points: [toPoint(sampleOf(600))], areAll: true });
    expect(state.rangeBy('').name).toBe('15m');
    expect(state.rangeBy('?range=1h').name).toBe('1h');
  });
});
