import { Logger } from '@nestjs/common';
import { type EventLog } from '../../events/event-log.js';
import { type ArchiveWriter } from './archive-writer.js';

/** Tells how the previous run of the API ended, as far as what it wrote last can say; before this run writes anything. */
export function tellPreviousEnd(writer: ArchiveWriter, events: Pick<EventLog, 'tell'>): void {
  const logger = new Logger('Archive');
  const previous = writer.previousRun;
  if (previous === null) return;
  if (previous.isDone) {
    logger.log('The previous run of the API has ended properly');
    return;
  }
  const { aliveAtMs } = previous;
  logger.warn(
    `The previous run of the API was killed; it was last alive at ${new Date(aliveAtMs).toISOString()}`,
  );
  events.tell('api_killed', { aliveAtMs });
}
