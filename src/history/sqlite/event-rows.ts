import { type TimelineEvent } from '../../events/event.js';
import { EVENT_LEVELS, type EventKind } from '../../events/event-kinds.js';

/** A row of `event`, its texts as bytes; damage may leave anything in them, or nothing. */
export type EventRow = [timeMs: number, id: number, kind: Bytes, level: Bytes, text: Bytes, numbers: Bytes];

type Bytes = Uint8Array | null;

const decoder = new TextDecoder();

/** Makes the event of a row; nothing of one that damage made unreadable. A newer version may have written other kinds. */
export function toEvent([timeMs, , kind, level, text, numbers]: EventRow): TimelineEvent[] {
  const known = EVENT_LEVELS.find((name) => name === textOf(level));
  const values = numbersIn(textOf(numbers));
  if (known === undefined || values === null || !/^[a-z\d_]+$/.test(textOf(kind))) return [];
  return [
    {
      timestamp: new Date(timeMs),
      kind: textOf(kind) as EventKind,
      level: known,
      text: textOf(text),
      numbers: values,
    },
  ];
}

/** The values of the columns of an event, in the order of the schema. */
export function eventValues({ timestamp, kind, level, text, numbers }: TimelineEvent) {
  return [timestamp.getTime(), kind, level, text, JSON.stringify(numbers)] as const;
}

function textOf(bytes: Bytes): string {
  return decoder.decode(bytes ?? new Uint8Array());
}

function numbersIn(json: string): Record<string, number> | null {
  try {
    const found: unknown = JSON.parse(json);
    if (typeof found !== 'object' || found === null || Array.isArray(found)) return null;
    return Object.values(found).every((value) => typeof value === 'number')
      ? (found as Record<string, number>)
      : null;
  } catch {
    return null;
  }
}
