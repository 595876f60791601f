import { describe, expect, it } from '@jest/globals';
import { EVENT_KINDS, type EventFacts, type EventKind } from './event-kinds.js';
import { numbersOf } from './event-numbers.js';

const EXAMPLES: { readonly [K in EventKind]: readonly EventFacts[K][] } = {
  api_started: [{}],
  api_stopped: [{}],
  api_killed: [{ aliveAtMs: 0 }, { aliveAtMs: null }],
  collection_paused: [{}],
  collection_resumed: [{}],
  collection_interval_changed: [{ seconds: 2.5 }],
  game_starting: [{}],
  game_start_failed: [{}],
  game_ready: [{ seconds: 41.23 }, { seconds: null }],
  game_stopping: [{}],
  game_stopped: [{}],
  game_stop_reason: (['asked', 'memory', 'disk', 'errors', 'signal', 'other'] as const).map((reason) => ({
    reason,
  })),
  game_crashed: [
    { exitCode: 134, signal: null, cause: 'exit_code', how: 'The game server ended with exit code 134.' },
    { exitCode: null, signal: 'SIGKILL', cause: 'signal', how: 'The game server was ended by SIGKILL.' },
  ],
  game_taken_over: [{ pid: 4711 }],
  game_restarted: [{ attempt: 2 }],
  game_stays_down: [{ crashes: 5 }],
  tick_overload: [
    { count: 1, tickMs: 4803 },
    { count: 60_000, tickMs: 4803.27 },
  ],
  gc_pause: [
    { count: 1, pauseMs: 312.44 },
    { count: 12, pauseMs: 812 },
  ],
  ticking_suspended: [{ count: 1 }, { count: 2 }],
  ticking_resumed: [{ count: 1 }, { count: 2 }],
  players_joined: [{ count: 1 }, { count: 2 }],
  players_left: [{ count: 1 }, { count: 2 }],
  autosave_failed: [{ count: 1 }, { count: 2 }],
  game_memory_high: [{ count: 1 }],
  game_disk_low: [
    { count: 1, freeMb: 312 },
    { count: 2, freeMb: null },
  ],
  history_degraded: [{ problem: 'the disk is full' }],
  history_recovered: [{}],
  alert_fired: [{ condition: 'memory is above 90 % of its limit' }],
  alert_resolved: [{ condition: 'memory is above 90 % of its limit' }],
};

const texts = Object.entries(EXAMPLES).flatMap(([kind, examples]) =>
  examples.map((facts): [string, string] => {
    const { text } = EVENT_KINDS[kind as EventKind] as { text: (facts: unknown) => string };
    return [kind, text(facts)];
  }),
);

describe('the kinds of events', () => {
  it.each(texts)('%s is one plain sentence: %s', (_, text) => {
    expect(text).toMatch(/^[A-Z\d][^\n]{5,150}\.$/);
    expect(text).not.toMatch(/undefined|null|NaN|\[object|\.\.$/);
  });

  it('have numbers, a signal by its own', () => {
    expect(numbersOf({ exitCode: null, signal: 'SIGKILL' })).toEqual({ signal: 9 });
    expect(numbersOf({ exitCode: 0, reason: 'asked', seconds: NaN })).toEqual({ exitCode: 0 });
    expect(numbersOf({})).toEqual({});
  });
});
