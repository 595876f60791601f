import * as z from 'zod';
import { MAX_EVENTS, MAX_POINTS, MIN_POINTS } from '../contract.js';

const MAX_MINUTES = 5_256_000;
const DEFAULT_EVENTS = 100;

const once = { error: 'give it once' };

function wholeNumber(min: number, max: number) {
  const allowed = `a whole number from ${min} to ${max}`;
  return z
    .string(once)
    .regex(/^\d{1,7}$/, allowed)
    .transform(Number)
    .refine((value) => value >= min && value <= max, allowed)
    .optional();
}

/** A time in ISO-8601; without an offset it is UTC, and a date alone is its midnight. */
const time = z
  .string(once)
  // An unescaped plus sign in a URL arrives as a space.
  .transform((text) => text.replace(/ (?=\d\d:?\d\d$)/, '+'))
  .pipe(
    z
      .string()
      .regex(
        /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?$/,
        'a time in ISO-8601, such as 2026-11-24T18:30:00Z',
      )
      .transform((text, context) => {
        const timeMs = Date.parse(
          /T.*(Z|[+-]\d\d:?\d\d)$/.test(text) || text.length === 10 ? text : `${text}Z`,
        );
        if (!Number.isNaN(timeMs) && isDay(text.slice(0, 10))) return timeMs;
        context.addIssue({ code: 'custom', message: 'a time that exists' });
        return z.NEVER;
      }),
  )
  .optional();

/** `Date` takes 30 February for 2 March. */
function isDay(text: string): boolean {
  const day = new Date(text);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

interface MaybeSpan {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

const isSpan = ({ from, to }: MaybeSpan) => from === undefined || to === undefined || from < to;
const spanError = { path: ['from'], error: 'a time before `to`' };

/** Parameters of the history: the last `minutes`, or a span; `points` asks for at most that many buckets. */
export const historyQuery = z
  .strictObject({
    minutes: wholeNumber(1, MAX_MINUTES),
    from: time,
    to: time,
    points: wholeNumber(MIN_POINTS, MAX_POINTS),
  })
  .refine(isSpan, spanError)
  .refine(({ minutes, from, to }) => minutes === undefined || (from === undefined && to === undefined), {
    path: ['minutes'],
    error: 'not together with `from` or `to`',
  })
  .refine(({ from, to }) => to === undefined || from !== undefined, {
    path: ['to'],
    error: 'only together with `from`',
  });

/** Parameters of the history, read; times in ms since 1970. */
export type HistoryQuery = z.output<typeof historyQuery>;

/** Parameters of the list of events. */
export const eventsQuery = z
  .strictObject({
    from: time,
    to: time,
    limit: wholeNumber(1, MAX_EVENTS).transform((limit) => limit ?? DEFAULT_EVENTS),
  })
  .refine(isSpan, spanError);

/** Parameters of the list of events, read; times in ms since 1970. */
export type EventsQuery = z.output<typeof eventsQuery>;

/** Parameters of an export. */
export const exportQuery = z
  .strictObject({ from: time, to: time, format: z.enum(['csv', 'json'], 'csv or json').default('csv') })
  .refine(isSpan, spanError);

/** Parameters of an export, read; times in ms since 1970. */
export type ExportQuery = z.output<typeof exportQuery>;
