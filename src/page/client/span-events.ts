import { type Api } from './api.js';
import { requestEvents } from './event-request.js';
import { type Events, type EventsAnswer, type PastEvent } from './events.js';
import { type Span } from './span.js';

/** Between two questions: the span may be moved meanwhile. */
const MIN_PAUSE_MS = 2000;
/** A span that is narrower by this may have events that were too many for the answer over the wider one. */
const NARROWER = 0.9;

/** The events of a span: those that the page holds and, where they begin later, what the API answers. */
export class SpanEvents {
  private asked: Span | null = null;
  private askedAt = -Infinity;
  private answer: EventsAnswer | null = null;

  constructor(
    private readonly api: Api,
    private readonly onAnswer: () => void,
  ) {}

  /** What is known by now, newest first; it may begin before the span. */
  over(span: Span, held: Events): readonly PastEvent[] {
    const heldFrom = held.all.at(-1)?.time;
    if (held.areAll || heldFrom === undefined || heldFrom <= span.from) return held.all;
    const wanted = { from: span.from, to: Math.min(span.to, heldFrom) };
    if (!this.covers(wanted)) void this.ask(wanted);
    const before = this.answer?.events.filter(({ time }) => time < heldFrom) ?? [];
    return [...held.all, ...before];
  }

  /** Whether the last question was for these events; it may still be open. */
  private covers({ from, to }: Span): boolean {
    const { asked, answer } = this;
    if (asked === null || asked.from > from || asked.to < to) return false;
    return answer?.areAll !== false || to - from >= NARROWER * (asked.to - asked.from);
  }

  private async ask(span: Span): Promise<void> {
    // The charts are drawn each second, and ask again.
    if (performance.now() - this.askedAt < MIN_PAUSE_MS) return;
    this.askedAt = performance.now();
    this.asked = span;
    this.answer = null;
    const answer = await requestEvents(this.api, span).catch(() => null);
    if (this.asked !== span) return;
    if (answer === null) this.asked = null;
    else this.answer = answer;
    this.onAnswer();
  }
}
