import { Global, Module } from '@nestjs/common';
import { EventLog } from './event-log.js';

/** The timeline of what happened. Global: whoever tells or hears events injects the one {@link EventLog}. */
@Global()
@Module({ providers: [EventLog], exports: [EventLog] })
export class EventsModule {}
