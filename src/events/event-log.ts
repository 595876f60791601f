import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { type Observable, Subject } from 'rxjs';
import { type TimelineEvent } from './event.js';
import { EVENT_KINDS, type EventFacts, type EventKind } from './event-kinds.js';
import { numbersOf } from './event-numbers.js';

/** How many of the newest events stay in memory. */
const MAX_REMEMBERED = 1000;

/**
 * What keeps events for good: before it returns or, when it gives a promise, before that settles. It must not throw, and
 * blocks nothing.
 */
export type EventRecorder = (event: TimelineEvent) => Promise<void> | null;

/** An event that the listeners have not heard yet. */
interface Unheard {
  readonly event: TimelineEvent;
  isKept: boolean;
}

/** The facts of a kind that needs none may be left out. */
type FactsOf<K extends EventKind> =
  EventFacts[K] extends Readonly<Record<string, never>> ? [] : [facts: EventFacts[K]];

/** The timeline: whoever does something that changes a state tells it, whoever wants to know listens. */
@Injectable()
export class EventLog implements OnApplicationShutdown {
  private readonly logger = new Logger(EventLog.name);
  private readonly published = new Subject<TimelineEvent>();
  private readonly remembered: TimelineEvent[] = [];
  private readonly totals = new Map<EventKind, number>();
  private readonly unheard: Unheard[] = [];
  private isPublishing = false;
  private recorder: EventRecorder | null = null;

  /** Each event, once it is recorded, in the order in which they were told; completes at shutdown. */
  get events$(): Observable<TimelineEvent> {
    return this.published.asObservable();
  }

  /** The newest events, at most 1,000, oldest first; the array is the caller's own. */
  get newest(): TimelineEvent[] {
    return [...this.remembered];
  }

  /** How often it happened since the start, those counted that were told together. */
  total(kind: EventKind): number {
    return this.totals.get(kind) ?? 0;
  }

  /**
   * From now on every event goes to this recorder before any listener hears of it; first those in memory, which were
   * told before. There is one recorder; a second one throws.
   */
  recordWith(recorder: EventRecorder): void {
    if (this.recorder !== null) throw new Error('The events have a recorder already.');
    this.recorder = recorder;
    for (const event of this.remembered) void this.record(event);
  }

  /** Tells that something happened now; the facts are those of its kind. */
  tell<K extends EventKind>(kind: K, ...[facts]: FactsOf<K>): void {
    const { level, text } = EVENT_KINDS[kind];
    const known = (facts ?? {}) as EventFacts[K];
    const event: TimelineEvent = Object.freeze({
      timestamp: new Date(),
      kind,
      level,
      text: text(known),
      numbers: numbersOf(known),
    });
    this.remembered.push(event);
    if (this.remembered.length > MAX_REMEMBERED) this.remembered.shift();
    this.totals.set(kind, this.total(kind) + (event.numbers.count ?? 1));
    // Before it is recorded: recording may tell an event itself, which comes behind this one.
    const unheard: Unheard = { event, isKept: false };
    this.unheard.push(unheard);
    const keptNow = () => {
      unheard.isKept = true;
      this.publish();
    };
    const keeping = this.record(event);
    if (keeping === null) keptNow();
    else void keeping.then(keptNow, keptNow);
  }

  /** What is told after this is recorded, and heard by nobody. */
  onApplicationShutdown(): void {
    this.published.complete();
  }

  private record(event: TimelineEvent): Promise<void> | null {
    try {
      return this.recorder?.(event) ?? null;
    } catch (error) {
      this.logger.error(
        'An event could not be recorded',
        error instanceof Error ? error.stack : String(error),
      );
      return null;
    }
  }

  /** A listener that tells an event itself must not put it before the one that all are just hearing. */
  private publish(): void {
    if (this.isPublishing) return;
    this.isPublishing = true;
    try {
      while (this.unheard[0]?.isKept === true) {
        const next = this.unheard.shift();
        if (next !== undefined) this.published.next(next.event);
      }
    } finally {
      this.isPublishing = false;
    }
  }
}
