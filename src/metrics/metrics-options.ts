import * as z from 'zod';
import {
  ALLOWED_CAPACITY,
  ALLOWED_INTERVAL,
  ALLOWED_READER,
  isAllowedCapacity,
  isAllowedInterval,
  READERS,
} from './metrics.config.js';

/** Injection token of the options that `forRoot` was given, checked; nothing is provided where it was not called. */
export const METRICS_OPTIONS = Symbol('METRICS_OPTIONS');

/** What a host application may say of the collection; each of them wins over its variable in the environment. */
export interface MetricsModuleOptions {
  /** Seconds between two samples: 0 (none are taken), or 0.1 to 86400. `VS_METRICS_INTERVAL`, else 10. */
  readonly intervalSeconds?: number | undefined;
  /** How many samples are kept in memory, 1 to 100000. `VS_METRICS_CAPACITY`, else 360. */
  readonly capacity?: number | undefined;
  /** What reads the process: `native` (Linux's /proc directly) or `pidusage`. `VS_METRICS_ENGINE`, else the best there is. */
  readonly reader?: 'native' | 'pidusage' | undefined;
  /**
   * The process that is measured beside this one: its id, null for none, or a function that gives either, asked for
   * each sample. Without this it is what a `ServerService` says, and where there is none, none.
   */
  readonly pid?: number | null | (() => number | null | undefined) | undefined;
}

const ALLOWED_PID = 'a process id (a whole number from 1), null, or a function that gives one of them';

const schema = z.strictObject({
  intervalSeconds: z.number(ALLOWED_INTERVAL).refine(isAllowedInterval, ALLOWED_INTERVAL).optional(),
  capacity: z.number(ALLOWED_CAPACITY).refine(isAllowedCapacity, ALLOWED_CAPACITY).optional(),
  reader: z.enum(READERS, ALLOWED_READER).optional(),
  pid: z.custom((pid) => pid == null || typeof pid === 'function' || isPid(pid), ALLOWED_PID).optional(),
});
const NAMES = Object.keys(schema.shape).join(', ');

/** Says whether a value can be the id of a process. */
export function isPid(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 1;
}

/** The options, when they can be used. Otherwise throws an error with a line for each that cannot, by its name. */
export function checkOptions(options: unknown, isGlobal: unknown): MetricsModuleOptions {
  if (typeof options !== 'object' || options === null)
    throw new Error(`MetricsModule: its options are an object, not ${inWords(options)}.`);
  const given = options as Record<string, unknown>;
  const issues = schema.safeParse(given).error?.issues ?? [];
  const lines = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((name) => `there is no option ${name}; there are: ${NAMES}`)
      : [problem(String(issue.path[0]), given[String(issue.path[0])], issue.message)],
  );
  if (typeof isGlobal !== 'boolean') lines.push(problem('isGlobal', isGlobal, 'true or false'));
  if (lines.length > 0) throw new Error(lines.map((line) => `MetricsModule: ${line}`).join('\n'));
  return given;
}

function problem(name: string, value: unknown, allowed: string): string {
  return `the option ${name}=${inWords(value)} cannot be used; allowed: ${allowed}`;
}

/** A value that cannot be used, as an error shows it. */
export function inWords(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
