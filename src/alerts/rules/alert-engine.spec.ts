import { describe, expect, it } from '@jest/globals';
import { AlertEngine, type AlertStatus } from './alert-engine.js';
import {
  type AlertLimits,
  type AlertSample,
  type AlertSurroundings,
  type AlertThresholds,
} from './alert-rule.js';
import { type AlertState, alertState } from './alert-state.js';
import { type AlertTransition } from './alert-transition.js';
import { type GameEvent } from './game-watch.js';

const DAY_S = 86_400;
const limits: AlertThresholds = { memoryPercent: 90, tickMs: 100, cpuPercent: 150, diskFreeMb: 2048 };
const calm = { gameMemoryMb: 100, gameCpuPercent: 50, tickMs: 33, diskFreeMb: 50_000 };

/** An API process with the rules, and a clock that is turned by hand: a sample every 10 s, a beat each second. */
class Api {
  private atMs = 1000;
  private seconds = 0;
  private engine: AlertEngine;
  around: AlertSurroundings = { intervalSeconds: 10, isHistoryDegraded: false };
  gameLimits: AlertLimits = { memoryLimit: { mb: 1000, what: 'of its cgroup' }, dieBelowDiskFreeMb: null };
  /** By how much the system clock is wrong. */
  clockShiftMs = 0;
  told: AlertTransition[] = [];

  constructor(restored: AlertState | null = null) {
    this.engine = new AlertEngine(limits, 120_000, restored, this.now);
  }

  private get now() {
    return { atMs: this.atMs, date: new Date(Date.UTC(2026, 10, 25) + this.atMs + this.clockShiftMs) };
  }

  /** Runs for so long; the sample may be null: none comes. */
  run(seconds: number, sample: Partial<AlertSample> | null = {}): this {
    for (const end = this.seconds + seconds; this.seconds < end;) {
      this.seconds++;
      this.atMs += 1000;
      if (sample !== null && this.around.intervalSeconds > 0 && this.seconds % 10 === 0) {
        const { date } = this.now;
        this.told.push(
          ...this.engine.sample(
            { timestamp: date, ...calm, ...sample },
            this.gameLimits,
            this.around,
            this.now,
          ),
        );
      }
      this.told.push(...this.engine.beat(this.around, this.now));
    }
    return this;
  }

  /** This process gets no turn for so long. */
  heldFor(seconds: number): this {
    this.atMs += seconds * 1000;
    return this;
  }

  happens(...events: GameEvent[]): this {
    for (const event of events) this.told.push(...this.engine.event(event, this.now));
    return this;
  }

  /** The API is down for so long; what is kept goes through its file's form. */
  restarted(downSeconds: number, thresholds = limits): this {
    const kept = alertState.parse(JSON.parse(JSON.stringify(this.engine.state)));
    this.clockShiftMs += downSeconds * 1000 + this.atMs;
    this.atMs = 1000;
    this.engine = new AlertEngine(thresholds, 120_000, kept, this.now);
    return this;
  }

  /** What people were told since the last time. */
  get news(): string[] {
    return this.told.splice(0).map(({ rule, status }) => `${rule} ${status}`);
  }

  status(rule: string): AlertStatus | undefined {
    return this.engine.statuses.find((status) => status.rule === rule);
  }

  state(rule: string): string | undefined {
    return this.status(rule)?.state;
  }

  get revision(): number {
    return this.engine.revision;
  }
}

const high = { gameMemoryMb: 901 };
const between = { gameMemoryMb: 860 };
const crash: GameEvent = { kind: 'crashed', how: 'It was killed by SIGSEGV.' };
const up: GameEvent = { kind: 'up' };

describe('a rule about a value', () => {
  it.each<[string, Partial<AlertSample>]>([
    ['memory', high],
    ['tick', { tickMs: 101 }],
    ['cpu', { gameCpuPercent: 151 }],
    ['disk', { diskFreeMb: 2047 }],
  ])('fires when it has held, and ends when it has been gone for as long: %s', (rule, bad) => {
    const api = new Api().run(100);
    expect(api.run(120, bad).news).toEqual([]);
    expect(api.state(rule)).toBe('pending');
    expect(api.run(10, bad).news).toEqual([`${rule} firing`]);
    expect(api.run(1000, bad).news).toEqual([]);
    expect(api.run(120).news).toEqual([]);
    expect(api.state(rule)).toBe('firing');
    expect(api.run(10).news).toEqual([`${rule} resolved`]);
    expect(api.run(1000).news).toEqual([]);
    expect(api.state(rule)).toBe('ok');
  });

  it('says value, threshold, since when, and what the limit is', () => {
    const api = new Api().run(130, high);
    expect(api.told).toEqual([
      {
        rule: 'memory',
        level: 'warning',
        what: 'Memory is near its limit',
        status: 'firing',
        text: 'The game server uses more than 90 % of 1000 MB, its lowest limit (of its cgroup).',
        measure: { value: 901, threshold: 900, unit: 'MB' },
        since: '2026-11-25T00:00:11.000Z',
        timestamp: '2026-11-25T00:02:11.000Z',
        count: 1,
      },
    ]);
  });

  it('does not fire for peaks, and does not end while it is only a little below', () => {
    const api = new Api();
    for (let i = 0; i < 50; i++) api.run(110, high).run(10);
    expect(api.news).toEqual([]);
    api.run(130, high);
    expect(api.news).toEqual(['memory firing']);
    for (let i = 0; i < 50; i++) api.run(100, between).run(110);
    expect(api.news).toEqual([]);
    expect(api.run(130).news).toEqual(['memory resolved']);
  });

  it('neither fires nor ends by what is not known', () => {
    const unknown = { tickMs: null };
    const slow = { tickMs: 500 };
    const api = new Api().run(60, slow).run(3600, unknown).run(60, slow);
    expect(api.news).toEqual([]);
    expect(api.state('tick')).toBe('pending');
    expect(api.run(20, slow).news).toEqual(['tick firing']);
    expect(api.run(60).run(3600, unknown).run(60).news).toEqual([]);
    expect(api.run(20).news).toEqual(['tick resolved']);
  });

  it('neither fires nor ends by a pause of the collection', () => {
    const api = new Api().run(60, high);
    const on = api.around;
    api.around = { ...on, intervalSeconds: 0 };
    api.run(3600, null);
    api.around = on;
    expect(api.run(60, high).news).toEqual([]);
    expect(api.run(20, high).news).toEqual(['memory firing']);
  });

  it('counts no time in which this process had no turn', () => {
    const api = new Api().run(60, high).heldFor(3600).run(30, high);
    expect(api.news).toEqual([]);
    expect(api.run(20, high).news).toEqual(['memory firing']);
  });

  it('is over when the game is, for as long', () => {
    const gone = { gameMemoryMb: null, gameCpuPercent: null, tickMs: null };
    const api = new Api().run(130, high);
    expect(api.news).toEqual(['memory firing']);
    expect(api.run(100, gone).news).toEqual([]);
    expect(api.run(30, gone).news).toEqual(['memory resolved']);
  });

  it('does not fire where there is no limit, and ends when that is taken away', () => {
    const api = new Api();
    const limited = api.gameLimits;
    api.gameLimits = { ...limited, memoryLimit: null };
    expect(api.run(1000, { gameMemoryMb: 1e9 }).news).toEqual([]);
    api.gameLimits = limited;
    expect(api.run(130, high).news).toEqual(['memory firing']);
    api.gameLimits = { ...limited, memoryLimit: null };
    expect(api.run(130, high).news).toEqual(['memory resolved']);
  });

  it('tells of the disk in time when the game would stop itself early, and says so', () => {
    const api = new Api();
    expect(api.run(130, { diskFreeMb: 3000 }).news).toEqual([]);
    api.gameLimits = { ...api.gameLimits, dieBelowDiskFreeMb: 2000 };
    expect(api.run(130, { diskFreeMb: 3000 }).told).toMatchObject([
      {
        rule: 'disk',
        text: expect.stringContaining('stops itself below 2000 MB'),
        measure: { value: 3000, threshold: 4000 },
      },
    ]);
  });

  it('ends when it was switched off while it fired', () => {
    const api = new Api().run(130, { diskFreeMb: 10 });
    expect(api.news).toEqual(['disk firing']);
    api.restarted(10, { ...limits, diskFreeMb: 0 });
    expect(api.run(130, { diskFreeMb: 10 }).news).toEqual(['disk resolved']);
  });

  it('reminds once a day, and says it is the same alert', () => {
    const api = new Api().run(130, high);
    const [fired] = api.told.splice(0);
    api.run(2 * DAY_S + 20, high);
    expect(api.told.map(({ status, since }) => [status, since])).toEqual([
      ['reminder', fired?.since],
      ['reminder', fired?.since],
    ]);
  });
});

describe('the system clock', () => {
  it.each([3600_000, -3600_000, 1e12])('set by %d ms changes no duration', (shiftMs) => {
    const api = new Api().run(60, high);
    api.clockShiftMs = shiftMs;
    expect(api.run(60, high).news).toEqual([]);
    expect(api.run(10, high).news).toEqual(['memory firing']);
    api.clockShiftMs = 0;
    expect(api.run(120).news).toEqual([]);
    expect(api.run(10).news).toEqual(['memory resolved']);
  });

  it('set while the API was down brings one early reminder at most', () => {
    const api = new Api().run(130, high);
    expect(api.news).toEqual(['memory firing']);
    api.restarted(1000 * DAY_S);
    expect(api.run(10_000, high).news).toEqual(['memory reminder']);
    api.restarted(-1000 * DAY_S);
    expect(api.run(10_000, high).news).toEqual([]);
  });
});

describe('a restart of the API', () => {
  it('brings no second message for what fires, and loses no end', () => {
    const api = new Api().run(130, high);
    expect(api.news).toEqual(['memory firing']);
    expect(api.restarted(600).run(1000, high).news).toEqual([]);
    expect(api.restarted(600).run(120).news).toEqual([]);
    expect(api.run(10).news).toEqual(['memory resolved']);
    expect(api.restarted(600).run(1000).news).toEqual([]);
  });

  it('counts neither for nor against', () => {
    const api = new Api().run(100, high).restarted(600).run(100, high);
    expect(api.news).toEqual([]);
    expect(api.run(30, high).news).toEqual(['memory firing']);
    expect(api.run(100).restarted(600).run(100).news).toEqual([]);
  });

  it('keeps what a change of state was, which the revision counts', () => {
    const api = new Api();
    const seen = [api.revision];
    for (const step of [
      () => api.run(100),
      () => api.run(130, high),
      () => api.happens(crash),
      () => api.run(130),
    ]) {
      step();
      seen.push(api.revision);
    }
    const [none = 0, calmly, fired = 0, crashed = 0, over = 0] = seen;
    expect(calmly).toBe(none);
    expect(fired).toBeGreaterThan(none);
    expect(crashed).toBeGreaterThan(fired);
    expect(over).toBeGreaterThan(crashed);
  });
});

describe('the rule about missing samples', () => {
  it('fires when none comes though they should, and ends when they come again', () => {
    const api = new Api().run(100);
    expect(api.run(140, null).news).toEqual([]);
    expect(api.run(20, null).news).toEqual(['samples firing']);
    expect(api.run(100).news).toEqual([]);
    expect(api.run(60).news).toEqual(['samples resolved']);
  });

  it('does not fire when this process was held for an hour', () => {
    const api = new Api().run(100);
    expect(api.heldFor(3600).run(100).news).toEqual([]);
  });

  it('does not fire while the collection is paused', () => {
    const api = new Api().run(100);
    api.around = { ...api.around, intervalSeconds: 0 };
    expect(api.run(1000, null).news).toEqual([]);
  });
});

it('tells when the history has been degraded for long enough, and when that is over', () => {
  const api = new Api().run(100);
  const well = api.around;
  api.around = { ...well, isHistoryDegraded: true };
  expect(api.run(119).news).toEqual([]);
  expect(api.run(10).news).toEqual(['history firing']);
  api.around = well;
  expect(api.run(130).news).toEqual(['history resolved']);
});

describe('the rule about the game', () => {
  it('tells a crash at once, also when the game is back before anybody looked', () => {
    const api = new Api().happens(up).run(100);
    api.happens(crash, up).run(5);
    expect(api.told).toMatchObject([
      { status: 'firing', what: 'The game server crashed', text: 'It was killed by SIGSEGV.', count: 1 },
    ]);
    expect(api.news).toHaveLength(1);
    expect(api.run(110).news).toEqual([]);
    expect(api.status('game')).toMatchObject({
      state: 'firing',
      what: 'The game server was down and runs again',
    });
    expect(api.run(10).news).toEqual(['game resolved']);
    expect(api.status('game')).toMatchObject({ state: 'ok', what: 'The game server is down' });
  });

  it('says at the end that it was restarted by us', () => {
    const api = new Api().happens(up).run(100);
    api.happens(crash, { kind: 'restarted' }, { kind: 'starting' }, up).run(130);
    expect(api.told).toMatchObject([
      { status: 'firing', text: 'It was killed by SIGSEGV.' },
      { status: 'resolved', text: 'The game server runs again: it was restarted after its crash.' },
    ]);
  });

  it('tells nothing of a start that soon succeeds, and of one that lasts', () => {
    const starting: GameEvent = { kind: 'starting' };
    const api = new Api().happens(starting).run(60).happens(up).run(1000);
    expect(api.news).toEqual([]);
    expect(api.happens(starting).run(130).news).toEqual(['game firing']);
    expect(api.happens(up).run(130).news).toEqual(['game resolved']);
  });

  it('makes one message of ten crashes in a row, with their number', () => {
    const api = new Api().happens(up).run(100);
    for (let i = 0; i < 10; i++) api.happens(crash, up).run(2);
    api.run(4);
    expect(api.told).toMatchObject([{ status: 'firing', count: 10 }]);
    expect(api.news).toHaveLength(1);
    api.run(130);
    expect(api.told).toMatchObject([
      { status: 'resolved', count: 10, text: 'The game server runs again. It had crashed 10 times.' },
    ]);
  });

  it('gathers for 30 s at most, and counts those that follow until it has run for long enough', () => {
    const api = new Api().happens(up).run(100);
    for (let i = 0; i < 100; i++) api.happens(crash, up).run(4);
    expect(api.told).toMatchObject([{ status: 'firing', count: 8 }]);
    expect(api.news).toHaveLength(1);
    api.run(130);
    expect(api.told).toMatchObject([{ status: 'resolved', count: 100 }]);
  });

  it('tells at once that a game stays down after its crashes', () => {
    const api = new Api().happens(crash).run(10).happens(up, crash).run(10);
    expect(api.news).toEqual(['game firing']);
    api.happens({ kind: 'gaveUp', how: 'It crashed 5 times in 30 min and stays down.' });
    expect(api.told).toMatchObject([
      {
        status: 'firing',
        count: 2,
        text: 'It was killed by SIGSEGV. It crashed 5 times in 30 min and stays down.',
      },
    ]);
    expect(api.news).toHaveLength(1);
    expect(api.run(DAY_S + 10).news).toEqual(['game reminder']);
  });

  it('tells that a game stays down after a start, once that has lasted', () => {
    const failed: GameEvent = { kind: 'down', how: 'Its program was not found.' };
    const api = new Api().happens(failed);
    expect(api.run(110).news).toEqual([]);
    api.run(20);
    expect(api.told).toMatchObject([
      { what: 'The game server is down', text: 'Its program was not found.', status: 'firing', count: 1 },
    ]);
    expect(api.news).toHaveLength(1);
    expect(api.happens(up).run(130).news).toEqual(['game resolved']);
    expect(api.happens(failed).run(60).happens(up).run(300).news).toEqual([]);
  });

  it('tells nothing of a stop that was asked for, and ends with one', () => {
    const stopped: GameEvent = { kind: 'stopped' };
    const api = new Api().happens(up).run(100).happens(stopped).run(3600);
    expect(api.news).toEqual([]);
    expect(api.happens({ kind: 'down', how: 'No.' }, stopped).run(1000).news).toEqual([]);
    expect(api.happens(up, crash).run(10).happens(stopped).news).toEqual(['game firing', 'game resolved']);
    // Also one that nobody had been told of.
    expect(api.happens(up, crash, stopped).news).toEqual(['game firing', 'game resolved']);
  });

  it('tells after a restart what it could not before, and the end of what it had', () => {
    const api = new Api().happens(up, crash).restarted(60);
    expect(api.news).toEqual([]);
    expect(api.run(10).news).toEqual(['game firing']);
    expect(api.restarted(60).run(1000).news).toEqual([]);
    expect(api.happens(up).run(130).news).toEqual(['game resolved']);
  });
});

it('switches off what has a threshold of 0', () => {
  const off = new AlertEngine({ memoryPercent: 0, tickMs: 0, cpuPercent: 0, diskFreeMb: 0 }, 0, null, {
    atMs: 0,
    date: new Date(0),
  });
  const around = { intervalSeconds: 10, isHistoryDegraded: false };
  const tight = { memoryLimit: { mb: 1, what: '' }, dieBelowDiskFreeMb: 400 };
  const worst = {
    timestamp: new Date(0),
    gameMemoryMb: 1e9,
    gameCpuPercent: 1e9,
    tickMs: 1e9,
    diskFreeMb: 0,
  };
  expect(off.sample(worst, tight, around, { atMs: 10_000, date: new Date(10_000) })).toEqual([]);
});
