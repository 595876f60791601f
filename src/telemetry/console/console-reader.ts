import { type EventLog } from '../../events/event-log.js';
import { steadyNowMs } from '../../process/clock.js';
import { happeningIn } from './game-lines.js';
import { HappeningEvents } from './happening-events.js';
import { LineSplitter } from './line-splitter.js';
import { type StatsAnswer } from './stats-answer.js';
import { StatsPoll, type StatsQuestion } from './stats-poll.js';

/**
 * Reads the output of one run of a game: tells the log what happened, and once the game has said that it is a Vintage
 * Story server that is ready, asks it for its statistics. Each run has a reader of its own, made when it is started and closed
 * when it has ended, so that nothing of an old game can be taken for the new one's.
 */
export class ConsoleReader {
  private readonly startedAtMs = steadyNowMs();
  private readonly poll: StatsPoll;
  private readonly happenings: HappeningEvents;
  private readonly splitter = new LineSplitter((line) => {
    this.takeLine(line);
  });
  private isReady = false;
  private isClosed = false;

  constructor(question: StatsQuestion, log: Pick<EventLog, 'tell'>) {
    this.poll = new StatsPoll(question);
    this.happenings = new HappeningEvents(log, () => (steadyNowMs() - this.startedAtMs) / 1000);
  }

  /** What the game last said of itself; null when that is older than two polls, or it said nothing. */
  get stats(): StatsAnswer | null {
    return this.poll.latest;
  }

  /** The game's version, from the last answer however old; null before the first, and once it has ended. */
  get version(): string | null {
    return this.poll.version;
  }

  /** Whether the game has said that it is a Vintage Story server, and that players can join. */
  get isVintageStory(): boolean {
    return this.isReady;
  }

  /** Takes a piece of the game's output; keeps none of it. */
  take(chunk: Buffer): void {
    this.splitter.push(chunk);
  }

  /** The game has ended: nothing is asked, and nothing taken, any more. */
  close(): void {
    this.isClosed = true;
    this.poll.close();
    this.happenings.close();
    this.splitter.reset();
  }

  private takeLine(line: string): void {
    if (this.isClosed) return;
    this.poll.take(line);
    const happening = happeningIn(line);
    if (happening === null) return;
    if (happening.what === 'ready') {
      if (this.isReady) return;
      this.isReady = true;
      this.poll.start();
    }
    this.happenings.take(happening);
  }
}
