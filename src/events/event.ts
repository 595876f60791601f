import { type EventKind, type EventLevel } from './event-kinds.js';

/** Something that happened; immutable, and the wire format as well. No name, key or address is in it. */
export interface TimelineEvent {
  readonly timestamp: Date;
  readonly kind: EventKind;
  readonly level: EventLevel;
  /** One English sentence. */
  readonly text: string;
  /** The few numbers that belong to it; what they mean is with their kind. */
  readonly numbers: Readonly<Record<string, number>>;
}
