import { join } from 'node:path';
import { type EventLog } from '../../events/event-log.js';
import { happeningIn } from '../console/game-lines.js';
import { HappeningEvents } from '../console/happening-events.js';
import { LineSplitter } from '../console/line-splitter.js';
import { LogFileFollower } from './log-file-follower.js';

/**
 * Tells the log what happens in a game whose console is not ours, from the file that it writes: `Logs/server-main.log` below
 * its data folder. What stood there before is not told.
 */
export class LogReader {
  private readonly happenings: HappeningEvents;
  private readonly follower: LogFileFollower;

  constructor(dataPath: string, log: Pick<EventLog, 'tell'>, pollMs?: number) {
    // When such a game was started is not known here.
    this.happenings = new HappeningEvents(log, () => null);
    const splitter = new LineSplitter((line) => {
      const happening = happeningIn(line);
      if (happening !== null) this.happenings.take(happening);
    });
    this.follower = new LogFileFollower(
      join(dataPath, 'Logs', 'server-main.log'),
      {
        take: (piece) => {
          splitter.push(piece);
        },
        reset: () => {
          splitter.reset();
        },
      },
      pollMs,
    );
  }

  /** Begins to follow the file, which may be created later; resolves when it has looked for it. */
  start(): Promise<void> {
    return this.follower.start();
  }

  /** Ends it; do not wait for either in a start or shutdown: on a hanging disk they may never resolve. */
  async close(): Promise<void> {
    this.happenings.close();
    await this.follower.close();
  }
}
