import { type TimelineEvent } from './wire.js';

/** How many events the page holds: the oldest go first. */
export const HELD_EVENTS = 5000;

/** An event with its time read: s since the epoch. */
export interface PastEvent extends TimelineEvent {
  readonly time: number;
}

/** Reads the time of what the API sent, once. */
export function toPastEvent(event: TimelineEvent): PastEvent {
  return { ...event, time: Date.parse(event.timestamp) / 1000 };
}

/** Some events as the API answered, newest first. */
export interface EventsAnswer {
  readonly events: readonly PastEvent[];
  /** Whether these are all that the API has of what was asked for. */
  readonly areAll: boolean;
}

/** All events from some moment up to now, newest first, each once. */
export class Events {
  private list: readonly PastEvent[] = [];
  private isWhole = false;
  /** Those that came since the page was connected. */
  private arrived: readonly PastEvent[] = [];

  get all(): readonly PastEvent[] {
    return this.list;
  }

  /** Whether no earlier event is known of, here or to the API. */
  get areAll(): boolean {
    return this.isWhole;
  }

  /** Whether the page can hold no more. */
  get areMost(): boolean {
    return this.list.length >= HELD_EVENTS;
  }

  /** From here on none is missed. */
  connected(): void {
    this.arrived = [];
  }

  /** One that has just happened. */
  add(event: PastEvent): void {
    this.arrived = merged([event], this.arrived).slice(0, HELD_EVENTS);
    this.keep(merged([event], this.list));
  }

  /** The newest at a moment since the page was connected, for what happened before. */
  addNewest({ events, areAll }: EventsAnswer): void {
    const reachesHeld = events.some(
      ({ time }) => time <= (this.list[this.arrived.length]?.time ?? -Infinity),
    );
    // Else something may have happened in between.
    const before = reachesHeld ? this.list : this.arrived;
    this.isWhole = areAll || (reachesHeld && this.isWhole);
    this.keep(merged(events, before));
  }

  /** Those before the oldest. */
  addOlder({ events, areAll }: EventsAnswer): void {
    this.isWhole = areAll;
    this.keep(merged(events, this.list));
  }

  private keep(list: readonly PastEvent[]): void {
    this.list = list.slice(0, HELD_EVENTS);
    if (list.length > HELD_EVENTS) this.isWhole = false;
  }
}

/** Both lists in one, newest first; what is in both is in it once. */
function merged(some: readonly PastEvent[], others: readonly PastEvent[]): PastEvent[] {
  const byKey = new Map<string, PastEvent>();
  // What is held keeps its identity, by which the list on the page knows its rows.
  for (const event of some) byKey.set(keyOf(event), event);
  for (const event of others) byKey.set(keyOf(event), event);
  return [...byKey.values()].sort((a, b) => b.time - a.time);
}

function keyOf({ timestamp, kind, text }: PastEvent): string {
  return `${timestamp} ${kind} ${text}`;
}
