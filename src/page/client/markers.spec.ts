import { describe, expect, it } from '@jest/globals';
import { type PastEvent, toPastEvent } from './events.js';
import { markersOf } from './markers.js';

const SPAN = { from: 1000, to: 2200 };
/** One second each. */
const PIXELS = 1200;

function event(second: number, kind: string, level: PastEvent['level'] = 'info'): PastEvent {
  return toPastEvent({
    timestamp: new Date(second * 1000).toISOString(),
    kind,
    level,
    text: `${kind} at ${second}.`,
    numbers: {},
  });
}

describe('the markers of a chart', () => {
  it('are of what explains something, within the span', () => {
    const events = [
      event(2201, 'game_starting'),
      event(2000, 'game_crashed', 'error'),
      event(1900, 'tick_overload', 'warning'),
      event(1800, 'collection_paused'),
      event(1700, 'game_restarted', 'warning'),
      event(1600, 'players_joined'),
      event(1500, 'made_up_later', 'error'),
      event(999, 'game_starting'),
    ];
    expect(markersOf(events, SPAN, PIXELS).map(({ time, sign, level }) => [time, sign, level])).toEqual([
      [1500, 'error', 'error'],
      [1700, 'restart', 'warning'],
      [1800, 'pause', 'info'],
      [1900, 'warning', 'warning'],
      [2000, 'error', 'error'],
    ]);
  });

  it('are one where they would lie over each other: of the gravest, with the number', () => {
    const events = [
      event(1211, 'game_starting'),
      event(1208, 'game_crashed', 'error'),
      event(1205, 'tick_overload', 'warning'),
    ];
    const [marker, ...others] = markersOf(events, SPAN, PIXELS);
    expect(others).toEqual([]);
    expect(marker).toMatchObject({ time: 1208, sign: 'error', level: 'error', count: 3 });
    expect(marker?.told.map(({ kind }) => kind)).toEqual(['game_crashed', 'tick_overload', 'game_starting']);
  });

  it('are no more than fit, and tell of a few, however many events there are', () => {
    const events = Array.from({ length: 5000 }, (_, i) => event(2200 - i * 0.24, 'tick_overload', 'warning'));
    const markers = markersOf(events, SPAN, PIXELS);
    expect(markers.length).toBeLessThanOrEqual(PIXELS / 12 + 1);
    expect(Math.max(...markers.map(({ told }) => told.length))).toBe(4);
    expect(markers.reduce((sum, { count }) => sum + count, 0)).toBe(5000);
  });

  it('stay what they are while the span moves on', () => {
    const events = [event(1500, 'game_starting'), event(1507, 'game_crashed', 'error')];
    const counts = Array.from(
      { length: 30 },
      (_, s) => markersOf(events, { from: 1000 + s, to: 2200 + s }, PIXELS).length,
    );
    expect(new Set(counts).size).toBe(1);
  });
});
