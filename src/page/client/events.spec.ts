import { beforeEach, describe, expect, it } from '@jest/globals';
import { Events, HELD_EVENTS, type PastEvent, toPastEvent } from './events.js';

const at = (second: number, text = 'Something happened.'): PastEvent =>
  toPastEvent({
    timestamp: new Date(second * 1000).toISOString(),
    kind: 'game_ready',
    level: 'info',
    text,
    numbers: {},
  });

const newestFirst = (seconds: number[], areAll = false) => ({
  events: seconds.map((second) => at(second)).reverse(),
  areAll,
});

describe('the events of the page', () => {
  let events: Events;
  const times = () => events.all.map(({ time }) => time);

  beforeEach(() => {
    events = new Events();
    events.connected();
  });

  it('are those before the connection and those since, newest first, each once', () => {
    events.add(at(5));
    events.addNewest(newestFirst([1, 2, 5], true));
    events.add(at(6));
    events.add(at(6, 'Something else happened.'));
    expect(times()).toEqual([6, 6, 5, 2, 1]);
    expect(events.all[0]?.text).toBe('Something else happened.');
    expect(events.areAll).toBe(true);
  });

  it('keep what is known after a break that the answer reaches over', () => {
    events.addNewest(newestFirst([1, 2, 3], true));
    const [held] = events.all;
    events.connected();
    events.add(at(9));
    events.addNewest(newestFirst([3, 7, 8, 9]));
    expect(times()).toEqual([9, 8, 7, 3, 2, 1]);
    expect(events.all[3]).toBe(held);
    expect(events.areAll).toBe(true);
  });

  it('leave nothing out: what lies before a gap is let go', () => {
    events.addNewest(newestFirst([1, 2, 3], true));
    events.connected();
    events.add(at(9));
    events.addNewest(newestFirst([7, 8, 9]));
    expect(times()).toEqual([9, 8, 7]);
    expect(events.areAll).toBe(false);
  });

  it('grow by those before the oldest', () => {
    events.addNewest(newestFirst([3, 4]));
    events.addOlder(newestFirst([1, 2, 3], true));
    expect(times()).toEqual([4, 3, 2, 1]);
    expect(events.areAll).toBe(true);
  });

  it('are no more than the page holds', () => {
    events.addNewest(
      newestFirst(
        Array.from({ length: HELD_EVENTS }, (_, second) => second),
        true,
      ),
    );
    expect([events.areAll, events.areMost]).toEqual([true, true]);
    events.add(at(HELD_EVENTS));
    expect([events.all.length, events.areAll]).toEqual([HELD_EVENTS, false]);
    expect(times().at(-1)).toBe(1);
  });
});
