import { type Clock } from './clock.js';
import { offeredRanges, type Range, wantedRange } from './ranges.js';
import { Events, type EventsAnswer, toPastEvent } from './events.js';
import { Samples, toPoint } from './samples.js';
import { historyBegin, type Span } from './span.js';
import { type Tail } from './tail.js';
import { type Alerts, type Info, type Sample, type TimelineEvent } from './wire.js';
import { MAX_MISSED_INTERVALS } from '../../metrics/missed-intervals.js';

/**
 * What the state has changed in: a second has `passed`; a `sample` has come; the `past` before the connection is known;
 * the `events`; the `alerts`; the `connection`; the `info`; the `span` that the charts are to show. `start`: all of it is new.
 */
export type Change =
  'start' | 'passed' | 'sample' | 'past' | 'events' | 'alerts' | 'connection' | 'info' | 'span';

/** To the stream of samples; `retryAt` by performance.now(). */
export type Connection = 'connecting' | 'connected' | { readonly retryAt: number };

/** What the page knows, and what follows from it. Its methods change it, and tell; views only read it. */
export class State {
  readonly samples = new Samples();
  readonly events = new Events();
  /** How the alerts stood when they were last asked for; null before the first answer. */
  alerts: Alerts | null = null;
  connection: Connection = 'connecting';
  /** Whether requests for the state of the game server are answered. */
  isAnswering = true;
  /** The span to show in place of the range, or null. */
  zoomed: Span | null = null;
  /** Up to when the samples are all that were taken, s since the epoch; null: up to now. */
  completeUntil: number | null;
  private connectedAt = 0;

  /** `tell` is called after each change. */
  constructor(
    public info: Info,
    readonly clock: Clock,
    private readonly tell: (change: Change) => void,
  ) {
    this.completeUntil = clock.now;
  }

  /** When the history begins, s since the epoch; now, when there is none. */
  get begin(): number {
    const { samples, info, clock } = this;
    const historyFrom = info.historyFrom === null ? null : Date.parse(info.historyFrom) / 1000;
    return historyBegin(samples.all[0]?.time ?? clock.now, historyFrom, !samples.areAll);
  }

  /** The range that the charts show when nothing is zoomed to, by the query of the page's address. */
  rangeBy(search: string): Range {
    return wantedRange(search, offeredRanges(this.coveredSeconds), this.clock.now - this.begin);
  }

  /** Of the newest sample, or null when there is none. */
  get ageSeconds(): number | null {
    const { latest } = this.samples;
    return latest === null ? null : this.clock.now - latest.time;
  }

  /** Whether samples stay away. */
  get isStale(): boolean {
    const { intervalSeconds } = this.info;
    const waitedSeconds = this.ageSeconds ?? (performance.now() - this.connectedAt) / 1000;
    return intervalSeconds > 0 && waitedSeconds > MAX_MISSED_INTERVALS * intervalSeconds;
  }

  /** Whether the newest sample may no longer hold. With the collection off, nothing says how long it does. */
  get isOld(): boolean {
    return this.isStale || this.connection !== 'connected' || this.info.intervalSeconds === 0;
  }

  /** How many seconds the history covers, or will once the memory is full. */
  get coveredSeconds(): number {
    const { historyFrom, capacity, intervalSeconds } = this.info;
    const ageSeconds = historyFrom === null ? 0 : this.clock.now - Date.parse(historyFrom) / 1000;
    return Math.max(capacity * intervalSeconds, ageSeconds);
  }

  passSecond(): void {
    this.tell('passed');
  }

  setInfo(info: Info): void {
    this.info = info;
    this.tell('info');
  }

  /** From here on no sample is missed; what came before has to be asked for. */
  connect(): void {
    this.connection = 'connected';
    this.connectedAt = performance.now();
    this.samples.connected();
    this.events.connected();
    this.tell('connection');
  }

  disconnect(retryInMs: number): void {
    this.connection = { retryAt: performance.now() + retryInMs };
    this.completeUntil ??= this.clock.now;
    this.tell('connection');
  }

  addSample(sample: Sample): void {
    this.samples.add(toPoint(sample));
    this.tell('sample');
  }

  /** What came before the connection is known. */
  addPast({ points, areAll }: Tail): void {
    this.samples.replace(points, areAll);
    this.completeUntil = null;
    this.tell('past');
  }

  addEvent(event: TimelineEvent): void {
    this.events.add(toPastEvent(event));
    this.tell('events');
  }

  /** The newest events: what happened before the connection is known. */
  addNewestEvents(answer: EventsAnswer): void {
    this.events.addNewest(answer);
    this.tell('events');
  }

  /** Events from before the oldest. */
  addOlderEvents(answer: EventsAnswer): void {
    this.events.addOlder(answer);
    this.tell('events');
  }

  setAlerts(alerts: Alerts): void {
    this.alerts = alerts;
    this.tell('alerts');
  }

  setAnswering(isAnswering: boolean): void {
    this.isAnswering = isAnswering;
    this.tell('connection');
  }

  /** Shows a span in place of the range; null: the range, which may be another one now. */
  zoomTo(span: Span | null): void {
    this.zoomed = span;
    this.tell('span');
  }
}
