import { Module } from '@nestjs/common';
import { EventLog } from './event-log.js';

/** The timeline of what happened; modules that tell or hear events import it, and share one {@link EventLog}. */
@Module({ providers: [EventLog], exports: [EventLog] })
export class EventsModule {}
