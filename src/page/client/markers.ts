import { type Sign, signOf } from './event-signs.js';
import { type PastEvent } from './events.js';
import { type Span } from './span.js';

/** The space of one marker across, in pixels of the page: what happened closer together is one. */
const MARKER_PIXELS = 12;
/** How many events a marker tells of in words. */
const MAX_TOLD = 4;

/** Events that are one place on the charts. */
export interface Marker {
  /** Of the gravest event, s since the epoch. */
  readonly time: number;
  readonly level: PastEvent['level'];
  readonly sign: Sign;
  readonly count: number;
  /** The gravest ones, those first. */
  readonly told: readonly PastEvent[];
}

const GRAVITY = { info: 0, warning: 1, error: 2 } as const;

/** The markers of a span that is so many pixels wide, by time: no more than fit beside each other. */
export function markersOf(events: readonly PastEvent[], { from, to }: Span, pixels: number): Marker[] {
  // Places are multiples of their width, which is rounded: markers stay what they are while the span moves on.
  const seconds = Number((((to - from) / Math.max(1, pixels)) * MARKER_PIXELS).toPrecision(4));
  const places = new Map<number, PastEvent[]>();
  for (const event of events) {
    if (event.time < from || event.time > to || signOf(event) === null) continue;
    const place = Math.floor(event.time / seconds);
    const group = places.get(place);
    if (group === undefined) places.set(place, [event]);
    else group.push(event);
  }
  return [...places.values()].map(toMarker).sort((a, b) => a.time - b.time);
}

function toMarker(group: readonly PastEvent[]): Marker {
  const told = [...group].sort((a, b) => GRAVITY[b.level] - GRAVITY[a.level] || b.time - a.time);
  const [first] = told;
  const sign = first && signOf(first);
  if (!first || !sign) throw new Error('a marker is of events that have signs');
  const { time, level } = first;
  return { time, level, sign, count: group.length, told: told.slice(0, MAX_TOLD) };
}
