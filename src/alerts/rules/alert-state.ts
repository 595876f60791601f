import { z } from 'zod';

/** A rule that fires, as it is kept: pending ones are not, since time without us counts for nothing. */
const firingRule = z.object({
  /** ISO-8601, UTC. */
  since: z.iso.datetime(),
  /** When people were last told, for the reminder. */
  toldAt: z.iso.datetime(),
});

/** Crashes in a row, as they are kept. */
const crashes = z.object({
  since: z.iso.datetime(),
  count: z.int().min(0),
  /** How the last one died, in a sentence. */
  how: z.string(),
  /** How many people have been told of; 0: of none yet. */
  toldCount: z.int().min(0),
});

/** What the rules must know after a restart: what fires, and since when. */
export const alertState = z.object({
  firing: z.record(z.string(), firingRule),
  crashes: crashes.nullable(),
});

/** What the rules must know after a restart. */
export type AlertState = z.output<typeof alertState>;
