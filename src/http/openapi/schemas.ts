import * as z from 'zod';
import { type AlertsOverview } from '../../alerts/alerts-overview.js';
import { RECEIVER_KINDS } from '../../alerts/webhook/receiver-kind.js';
import { type GameServerStatus } from '../../game-server/game-server-status.js';
import { EVENT_KIND_NAMES, EVENT_LEVELS } from '../../events/event-kinds.js';
import { mapSeries, maximumOf, type Series, SERIES, SERIES_NAMES } from '../../metrics/series.js';

/** Documented by its format alone: the pattern that it checks fills half a screen. */
const utcTime = (description: string) => z.iso.datetime().meta({ description, pattern: undefined });

/** What becomes of a type when it is sent. */
type Wire<T> = T extends Date ? string : T extends object ? { [K in keyof T]: Wire<T[K]> } : T;

const valueOf = ({ nullable }: Series) => (nullable ? z.number().nullable() : z.number());

/** A sample as it is sent. */
export const snapshot = z
  .strictObject({
    timestamp: utcTime('When the sample was taken, in UTC'),
    ...mapSeries((_, series) => valueOf(series).describe(series.description)),
  })
  .meta({ id: 'Snapshot' });

/** Several samples in one: means, maxima, and how many they are. */
export const bucket = snapshot
  .extend({
    timestamp: utcTime('Start of the bucket, in UTC'),
    ...Object.fromEntries(SERIES_NAMES.map((name) => [maximumOf(name), valueOf(SERIES[name])])),
    sampleCount: z.int().positive(),
  })
  .meta({ id: 'Bucket' });

/** A list of samples as it is sent or, when `points` was given, of buckets. */
export const history = z.union([
  z.strictObject({ metrics: z.array(snapshot).describe('Oldest first'), count: z.int().nonnegative() }),
  z.strictObject({
    metrics: z.array(bucket).describe('Oldest first; a bucket without samples is left out'),
    count: z.int().nonnegative(),
    bucketSeconds: z.number().positive(),
  }),
]);

/** Something that happened, as it is sent. */
export const event = z
  .strictObject({
    timestamp: utcTime('When it happened, in UTC'),
    kind: z
      .string()
      .describe(`What happened; a newer version may know more kinds. One of: ${EVENT_KIND_NAMES.join(', ')}`),
    level: z.enum(EVENT_LEVELS).describe('How much it matters'),
    text: z.string().describe('One English sentence'),
    numbers: z
      .record(z.string(), z.number())
      .describe('The few numbers that belong to it, such as exitCode, seconds, count or tickMs'),
  })
  .meta({ id: 'Event' });

/** A list of events as it is sent. */
export const events = z.strictObject({
  events: z.array(event).describe('Newest first'),
  count: z.int().nonnegative(),
});

/** Why samples are kept in memory alone. */
export const degraded = z
  .string()
  .nullable()
  .describe('Why samples are kept in memory alone; null: they are archived');

/** What a client needs to know of the collection. */
export const metricsInfo = z.strictObject({
  serverName: z.string().describe('What this server is called (VS_SERVER_NAME); empty when it has no name'),
  intervalSeconds: z.number().nonnegative().describe('Time between two samples; 0 while none are taken'),
  capacity: z.int().positive().describe('How many samples memory can hold'),
  cores: z
    .number()
    .positive()
    .describe('Cores that the game server may use, 0.5 for instance; CPU goes up to 100 percent for each'),
  now: utcTime('When this answer was made, in UTC: what clocks that differ can be set by'),
  startedAt: utcTime('When this process started, in UTC'),
  historyFrom: utcTime('How far back the history reaches').nullable(),
  degraded,
  gameMemoryLimit: z
    .strictObject({
      mb: z.number().nonnegative(),
      source: z.enum(['cgroup', 'game', 'machine']),
    })
    .nullable()
    .describe(
      "The lowest memory limit of the game server in MiB and what sets it: its cgroup (a container), its own DieAboveMemoryUsageMb, or the machine's memory",
    ),
  gameDiskLimitMb: z
    .number()
    .nullable()
    .describe(
      'DieBelowDiskSpaceMb: with less room on its disk, in MiB, the game server ends itself; null: not known, or not checked',
    ),
});

/** The game server's state as it is sent. */
export const serverStatus = z
  .strictObject({
    state: z.enum(['not_configured', 'stopped', 'starting', 'running', 'stopping']),
    controllable: z
      .boolean()
      .describe('false: something else runs the game server; start, stop and restart answer 409'),
    pid: z.int().nullable().describe('Process id of the command that was started; null when it does not run'),
    uptimeSeconds: z.int().nullable(),
    lastExitCode: z.int().nullable().describe('null when there was no run before, or when a signal ended it'),
    lastExitSignal: z.string().nullable(),
    lastError: z
      .string()
      .nullable()
      .describe('Why the last start failed, or the last run ended unasked or had to be killed'),
    restartAt: utcTime('When a game that crashed is started again, while that is waited for').nullable(),
  })
  .meta({ id: 'ServerStatus' }) satisfies z.ZodType<GameServerStatus>;

/** The settings in force as they are sent. */
export const settings = z
  .strictObject({
    intervalSeconds: z.strictObject({
      value: z.number(),
      source: z.enum(['default', 'environment', 'settings']),
    }),
    persisted: z.boolean().describe('Whether they outlast a restart'),
  })
  .meta({ id: 'Settings' });

/** A number behind an alert, as it is sent. */
const measure = z.strictObject({
  value: z.number(),
  threshold: z.number().describe('Where it becomes an alert'),
  unit: z.enum(['MB', 'ms', '%', 's']).describe('Of both; 100 % is one core'),
});

/** How the alerts stand, as it is sent. */
export const alerts = z
  .strictObject({
    webhook: z.strictObject({
      isConfigured: z.boolean().describe('Whether VS_ALERT_WEBHOOK is set'),
      kind: z
        .enum(RECEIVER_KINDS)
        .nullable()
        .describe('The form of the messages, told from the address; null: there is none'),
      waiting: z.int().nonnegative().describe('How many messages wait to be sent'),
      problem: z
        .string()
        .nullable()
        .describe('Why the last message was not taken; null: it was, or none was sent yet'),
    }),
    rules: z
      .array(
        z.strictObject({
          rule: z.string().describe('What programs know it by; a newer version may have more'),
          level: z.enum(EVENT_LEVELS),
          what: z.string().describe('A few words for people'),
          state: z
            .enum(['ok', 'pending', 'firing'])
            .describe('pending: it holds, but not for long enough yet'),
          since: utcTime('Since when it holds or, while it fires, held').nullable(),
          measure: measure.nullable().describe('null: not known, or the rule is off, or has no number'),
        }),
      )
      .describe('Each rule, that about the game first'),
  })
  .meta({ id: 'Alerts' }) satisfies z.ZodType<Wire<AlertsOverview>>;

/** The answer to a test message. */
export const alertTest = z.strictObject({ isQueued: z.literal(true) });

/** The body of every error: Nest's own. */
export const problem = z
  .looseObject({
    statusCode: z.int(),
    message: z.union([z.string(), z.array(z.string())]),
    error: z.string().optional(),
  })
  .meta({ id: 'Problem' });

/** The body of a success with this in it. */
export function success<T extends z.ZodType>(data: T) {
  return z.strictObject({ status: z.literal('ok'), data });
}
