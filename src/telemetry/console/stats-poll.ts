import { steadyNowMs } from '../../process/clock.js';
import { type StatsAnswer, statsAnswerIn } from './stats-answer.js';

/** The first question after the game is ready: what it tells is of its last two seconds. */
const FIRST_QUESTION_MS = 3000;
/** A game that does not answer is asked ever more rarely: each question is a line in its log. */
const MAX_SKIPPED_POLLS = 63;

/** What is asked, how often, and how. */
export interface StatsQuestion {
  /** The console line. */
  readonly command: string;
  /** Between two questions, ms; 0: nothing is asked. */
  readonly intervalMs: number;
  /** Writes a line to the game's console; false when that cannot be done now. */
  readonly send: (line: string) => boolean;
}

/**
 * Asks a game for its statistics at an interval, and takes one answer to each question. An answer that nobody asked for is
 * not taken: so of two answers the second is none, and one that comes late is taken when it comes, for it tells of that moment.
 * While a question is open the next polls are left out, first one, then three, seven and so on up to 63.
 */
export class StatsPoll {
  private timer: NodeJS.Timeout | undefined;
  private isOpen = false;
  private polls = 0;
  private nextPoll = 0;
  private skipped = 0;
  private answer: StatsAnswer | null = null;
  private answeredAtMs = 0;

  constructor(private readonly question: StatsQuestion) {}

  /** The last answer; null when there is none that is younger than two polls. */
  get latest(): StatsAnswer | null {
    const isFresh = steadyNowMs() - this.answeredAtMs <= 2 * this.question.intervalMs;
    return isFresh ? this.answer : null;
  }

  /** The game's version, which no later answer changes; null before the first. */
  get version(): string | null {
    return this.answer?.version ?? null;
  }

  /** Begins to ask. */
  start(): void {
    const { intervalMs } = this.question;
    if (intervalMs === 0 || this.timer !== undefined) return;
    this.timer = setTimeout(
      () => {
        this.timer = setInterval(() => {
          this.poll();
        }, intervalMs).unref();
        this.poll();
      },
      Math.min(intervalMs, FIRST_QUESTION_MS),
    ).unref();
  }

  /** Takes a line that may be the answer. */
  take(line: string): void {
    if (!this.isOpen) return;
    const answer = statsAnswerIn(line);
    if (answer === null) return;
    this.isOpen = false;
    this.skipped = 0;
    this.nextPoll = 0;
    this.answer = answer;
    this.answeredAtMs = steadyNowMs();
  }

  /** Asks nothing any more, and forgets what was answered. */
  close(): void {
    // Of both kinds: the first question is waited for by a timeout.
    clearInterval(this.timer);
    this.isOpen = false;
    this.answer = null;
  }

  private poll(): void {
    this.polls += 1;
    if (this.polls < this.nextPoll) return;
    const wasOpen = this.isOpen;
    // From here on: what the game printed before is no answer to this question.
    this.isOpen = this.question.send(this.question.command) || wasOpen;
    this.skipped = wasOpen ? Math.min(2 * this.skipped + 1, MAX_SKIPPED_POLLS) : 0;
    this.nextPoll = this.polls + this.skipped + 1;
  }
}
