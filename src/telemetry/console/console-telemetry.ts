import { type EventLog } from '../../events/event-log.js';
import { type GameConsole } from '../../game-server/game-console.js';
import { ConsoleReader } from './console-reader.js';
import { type StatsAnswer } from './stats-answer.js';
import { type StatsQuestion } from './stats-poll.js';

/** The console of the game that runs: one reader for each run, from its beginning until its output has ended. */
export class ConsoleTelemetry {
  private current: { readonly console: GameConsole; readonly reader: ConsoleReader } | null = null;

  constructor(
    private readonly question: Omit<StatsQuestion, 'send'>,
    private readonly log: Pick<EventLog, 'tell'>,
  ) {}

  /** Reads the console of a run from now on, unless it is read already; the run before is no longer asked for. */
  listen(console: GameConsole): void {
    if (this.current?.console === console) return;
    const reader = new ConsoleReader({ ...this.question, send: (line) => console.send(line) }, this.log);
    this.current = { console, reader };
    console.output$.subscribe({
      next: (chunk) => {
        reader.take(chunk);
      },
      complete: () => {
        reader.close();
      },
    });
  }

  /** What that process last said of itself; null when it is not the game that is listened to, or that is too old. */
  stats(gamePid: number | null): StatsAnswer | null {
    return this.readerOf(gamePid)?.stats ?? null;
  }

  /** The version of that process, once it has told. */
  version(gamePid: number | null): string | null {
    return this.readerOf(gamePid)?.version ?? null;
  }

  private readerOf(gamePid: number | null): ConsoleReader | null {
    return gamePid !== null && this.current?.console.pid === gamePid ? this.current.reader : null;
  }
}
