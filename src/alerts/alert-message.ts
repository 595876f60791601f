import * as z from 'zod';

/**
 * What people are told about an alert: whom it concerns, what it is, and in which numbers. It holds no player name, key
 * or address. As it is written to a file, it is checked when it is read.
 */
export const alertMessage = z.object({
  /** The same whenever this message is sent again. */
  id: z.string(),
  /** Name of the server, for people. */
  server: z.string(),
  /** Machine name of the rule, `memory` for instance; `test` for a test message. */
  rule: z.string(),
  /** What this message is about: that it began, that it still holds, that it ended; or nothing at all. */
  status: z.enum(['firing', 'reminder', 'resolved', 'test']),
  level: z.enum(['info', 'warning', 'error']),
  /** A few words: `Memory is near its limit`. */
  what: z.string(),
  /** One or two sentences; may be empty. */
  text: z.string(),
  /** The number behind it and where it becomes an alert; null where there is none. */
  measure: z
    .object({ value: z.number(), threshold: z.number(), unit: z.enum(['MB', 'ms', '%', 's']) })
    .nullable(),
  /** Since when it holds, or held; ISO-8601, UTC. */
  since: z.iso.datetime(),
  /** When the message was made; ISO-8601, UTC. */
  timestamp: z.iso.datetime(),
  /** How often it happened: ten crashes in a row are one message. */
  count: z.int().min(1),
  /** Where people reach the page; null when that is not known. */
  link: z.string().nullable(),
});

/** What people are told about an alert. */
export type AlertMessage = z.output<typeof alertMessage>;

/** The unit of a number in a message. */
export type Unit = NonNullable<AlertMessage['measure']>['unit'];
