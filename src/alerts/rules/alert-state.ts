import * as z from 'zod';

/** A rule that fires, as it is kept: one that does not yet is not, since time without us counts for nothing. */
const firingRule = z.object({
  /** ISO-8601, UTC. */
  since: z.iso.datetime(),
  /** When people were last told, for the reminder. */
  toldAt: z.iso.datetime(),
});

/** A game that is down without having been asked to be. */
const downGame = z.object({
  since: z.iso.datetime(),
  /** How often it crashed since then. */
  crashes: z.int().min(0),
  /** What happened last, in a sentence. */
  how: z.string(),
  /** Null: nobody was told yet. */
  toldAt: z.iso.datetime().nullable(),
});

/** What the rules must know after a restart: what fires, and since when. */
export const alertState = z.object({
  firing: z.record(z.string(), firingRule),
  down: downGame.nullable(),
});

/** What the rules must know after a restart. */
export type AlertState = z.output<typeof alertState>;

/** A game that is down without having been asked to be. */
export type DownGame = z.output<typeof downGame>;
