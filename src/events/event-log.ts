import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { type Observable, Subject } from 'rxjs';
import { type TimelineEvent } from './event.js';
import { EVENT_KINDS, type EventFacts, type EventKind, numbersOf } from './event-kinds.js';

/** How many of the newest events stay in memory. */
const MAX_REMEMBERED = 1000;

/** What keeps events for good; it must not throw, and does not wait for the disk. */
export type EventRecorder = (event: TimelineEvent) => void;

/** The facts of a kind that needs none may be left out. */
type FactsOf<K extends EventKind> =
  EventFacts[K] extends Readonly<Record<string, never>> ? [] : [facts: EventFacts[K]];

/** The timeline: whoever does something that changes a state tells it, whoever wants to know listens. */
@Injectable()
export class EventLog implements OnApplicationShutdown {
  private readonly logger = new Logger(EventLog.name);
  private readonly published = new Subject<TimelineEvent>();
  private readonly remembered: TimelineEvent[] = [];
  /** Told, and not yet heard by the listeners. */
  private readonly waiting: TimelineEvent[] = [];
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

  /**
   * From now on every event goes to this recorder before any listener hears of it; first those in memory, which were
   * told before. There is one recorder; a second one throws.
   */
  recordWith(recorder: EventRecorder): void {
    if (this.recorder !== null) throw new Error('The events have a recorder already.');
    this.recorder = recorder;
    for (const event of this.remembered) this.record(event);
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
    this.record(event);
    this.waiting.push(event);
    this.publish();
  }

  /** What is told after this is recorded, and heard by nobody. */
  onApplicationShutdown(): void {
    this.published.complete();
  }

  private record(event: TimelineEvent): void {
    try {
      this.recorder?.(event);
    } catch (error) {
      this.logger.error(
        'An event could not be recorded',
        error instanceof Error ? error.stack : String(error),
      );
    }
  }

  /** A listener that tells an event itself must not put it before the one that all are just hearing. */
  private publish(): void {
    if (this.isPublishing) return;
    this.isPublishing = true;
    try {
      for (let event = this.waiting.shift(); event !== undefined; event = this.waiting.shift())
        this.published.next(event);
    } finally {
      this.isPublishing = false;
    }
  }
}
