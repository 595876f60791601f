import { type TimelineEvent } from '../events/event.js';

/** The fields of an event, in the order in which they are sent. */
export const EVENT_FIELDS: readonly (keyof TimelineEvent)[] = [
  'timestamp',
  'kind',
  'level',
  'text',
  'numbers',
];
