import { Logger } from '@nestjs/common';
import { isatty } from 'node:tty';
import { replaceStandardStreams } from './standard-streams.js';
import { VisibleLogger } from './visible-logger.js';

/** The log of the whole process. */
export interface ProcessLog {
  readonly logger: VisibleLogger;
  /** To be awaited before an exit; bounded in time. */
  readonly flush: () => Promise<void>;
}

/** Sets up the log for all that this process writes: ours, that of libraries on the console, and Node's own warnings. */
export function setUpLog(): ProcessLog {
  const flush = replaceStandardStreams();
  const logger = new VisibleLogger({ colors: isatty(1) });
  Logger.overrideLogger(logger);
  // Node's own listener, which is not there with --no-warnings, writes past the streams.
  if (process.listenerCount('warning') > 0) {
    process.removeAllListeners('warning');
    process.on('warning', ({ name, message }) => {
      logger.warn(`${name}: ${message}`, 'Node');
    });
  }
  // Beyond a limit for the size of files (ulimit -f) a write is to fail, as on a full disk, not to end the process.
  process.on('SIGXFSZ', () => undefined);
  return { logger, flush };
}
