import { Logger } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { type AlertMessage } from '../alert-message.js';
import { type AlertStore } from '../alert-store.js';
import { type AlertState } from '../rules/alert-state.js';
import { cut, titleOf } from './message-text.js';
import { type WebhookAnswer } from './webhook-client.js';

/** Sends one message; never rejects. */
export type SendMessage = (message: AlertMessage, signal: AbortSignal) => Promise<WebhookAnswer>;

/** How long things last, in ms. */
export interface QueueTimes {
  /** The pause after the first failure; each further one is twice as long. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** How long a message is tried. */
  readonly lifetimeMs: number;
  /** How long a shutdown waits for what can be sent. */
  readonly closeMs: number;
}

const TIMES: QueueTimes = {
  firstPauseMs: 5_000,
  longestPauseMs: 900_000,
  lifetimeMs: 24 * 3600_000,
  closeMs: 3_000,
};
/** More than any sane number of alerts in a day; the oldest goes first. */
const MAX_WAITING = 200;

/**
 * The messages on their way to the receiver, one after the other, oldest first; those that are not taken yet outlast a
 * restart. One is removed, on the disk, in the very turn in which the answer 2xx is seen, before the next is sent: it goes out
 * twice only if this process dies between the receiver's decision and that moment. One that fails is tried again for
 * 24 h, after growing pauses or when the receiver says; one that was refused is given up, with a line in the log.
 */
export class WebhookQueue {
  private readonly logger = new Logger(WebhookQueue.name);
  private readonly times: QueueTimes;
  /** By the steady clock: when a message was, or would have been, put in. */
  private readonly bornMs = new Map<string, number>();
  private readonly closing = new AbortController();
  private readonly sending = new AbortController();
  private running: Promise<void> | null = null;
  private failures = 0;
  private lost = 0;
  private lastProblem: string | null = null;
  private isOverfull = false;

  constructor(
    private readonly store: AlertStore,
    private readonly send: SendMessage,
    times: Partial<QueueTimes> = {},
  ) {
    this.times = { ...TIMES, ...times };
  }

  /** How many messages wait. */
  get length(): number {
    return this.store.current.waiting.length;
  }

  /** Why the last message was not taken, or not at once; null: it was, or none was sent. No text of it holds the address. */
  get problem(): string | null {
    return this.lastProblem;
  }

  /** How many messages were given up in this run. */
  get givenUp(): number {
    return this.lost;
  }

  /** Sends what an earlier run left behind. */
  start(): void {
    for (const { id, timestamp } of this.store.current.waiting) {
      // The system clock may have been set in between: a message is neither younger than new nor older than its life, and
      // whatever its age, it is tried once more.
      const ageMs = Math.min(Math.max(Date.now() - Date.parse(timestamp), 0), this.times.lifetimeMs);
      this.bornMs.set(id, performance.now() - ageMs);
    }
    this.wake();
  }

  /** Puts messages in, and keeps them together with the state of the rules that made them. */
  add(messages: readonly AlertMessage[], rules: AlertState | null = this.store.current.rules): void {
    for (const { id } of messages) this.bornMs.set(id, performance.now());
    const all = [...this.store.current.waiting, ...messages];
    const dropped = all.slice(0, -MAX_WAITING);
    if (dropped.length > 0 && !this.isOverfull) {
      this.logger.error(
        `More than ${MAX_WAITING} alert messages wait: the oldest are thrown away. See that VS_ALERT_WEBHOOK is right.`,
      );
    }
    this.isOverfull = dropped.length > 0;
    this.lost += dropped.length;
    for (const { id } of dropped) this.bornMs.delete(id);
    this.store.commit({ waiting: all.slice(-MAX_WAITING), rules });
    this.wake();
  }

  /**
   * Sends what can be sent at once, for some seconds at most; what was not taken until then is left for the next run. A
   * receiver that fails is not waited for.
   */
  async close(): Promise<void> {
    this.closing.abort();
    const done = new AbortController();
    const tooLong = delay(this.times.closeMs, undefined, { signal: done.signal }).catch(() => undefined);
    await Promise.race([this.running, tooLong]);
    done.abort();
    this.sending.abort();
    if (this.length > 0) {
      const then = this.store.isLasting ? 'they are sent after the next start' : 'they are lost';
      this.logger.warn(`Alert messages that were not sent: ${this.length}; ${then}.`);
    }
  }

  private wake(): void {
    if (this.running !== null || this.length === 0 || isAborted(this.closing)) return;
    this.running = this.run().finally(() => {
      this.running = null;
      // One that was added between the last look and now.
      this.wake();
    });
  }

  private async run(): Promise<void> {
    for (
      let [message] = this.store.current.waiting;
      message !== undefined;
      [message] = this.store.current.waiting
    ) {
      if (isAborted(this.sending)) return;
      const answer = await this.send(message, this.sending.signal);
      if (answer.kind === 'later' && this.isYoungEnough(message, answer.afterMs)) {
        if (isAborted(this.sending)) return;
        this.reportFailure(answer.why);
        await delay(this.pauseMs(message, answer.afterMs), undefined, {
          signal: this.closing.signal,
          ref: false,
        }).catch(() => undefined);
        if (isAborted(this.closing)) return;
        continue;
      }
      this.remove(message);
      if (answer.kind === 'taken') this.reportRecovery();
      else this.reportLoss(message, answer);
    }
  }

  private remove({ id }: AlertMessage): void {
    this.bornMs.delete(id);
    this.store.settle(id);
  }

  private leftMs({ id }: AlertMessage): number {
    const bornMs = this.bornMs.get(id) ?? performance.now();
    return bornMs + this.times.lifetimeMs - performance.now();
  }

  /** Whether a message may still live when the receiver wants to be asked again. */
  private isYoungEnough(message: AlertMessage, afterMs: number | null): boolean {
    const leftMs = this.leftMs(message);
    return leftMs > 0 && (afterMs ?? 0) <= leftMs;
  }

  private pauseMs(message: AlertMessage, afterMs: number | null): number {
    const { firstPauseMs, longestPauseMs } = this.times;
    const own = Math.min(firstPauseMs * 2 ** Math.min(this.failures - 1, 30), longestPauseMs);
    // The last attempt is at the end of its life.
    return Math.max(Math.min(own, this.leftMs(message)), afterMs ?? 0);
  }

  private reportFailure(why: string): void {
    this.failures++;
    this.lastProblem = why;
    if (this.failures > 1) return;
    this.logger.warn(
      `The alert webhook did not take a message: ${why}. ` +
        `It is tried again for ${this.times.lifetimeMs / 3600_000} h, others wait behind it.`,
    );
  }

  private reportRecovery(): void {
    if (this.failures > 0) this.logger.log('The alert webhook takes messages again.');
    this.failures = 0;
    this.lastProblem = null;
  }

  private reportLoss(message: AlertMessage, { kind, why }: Exclude<WebhookAnswer, { kind: 'taken' }>): void {
    const how = kind === 'refused' ? 'was refused' : 'was not taken for too long';
    this.logger.error(`An alert message (${cut(titleOf(message), 200)}) ${how} and is given up: ${why}.`);
    this.lost++;
    this.lastProblem = why;
    if (kind === 'refused') this.failures = 0;
  }
}

/** As a call, since it may change while something is waited for. */
function isAborted({ signal }: AbortController): boolean {
  return signal.aborted;
}
