import { type z } from 'zod';
import {
  type alerts,
  type event,
  type events,
  type metricsInfo,
  type serverStatus,
  type settings,
} from '../../http/openapi/schemas.js';
import { type MetricsSnapshot } from '../../metrics/metrics-snapshot.js';
import { type MaximumName, type SeriesName } from '../../metrics/series.js';

/** A sample as the API sends it: a snapshot in JSON. docs/numbers.md says what each field means. */
export type Sample = {
  readonly [K in keyof MetricsSnapshot]: MetricsSnapshot[K] extends Date ? string : MetricsSnapshot[K];
};

/** Several samples in one, as the API sends them: means, maxima, and how many they are. */
export type Bucket = Sample & { readonly [K in SeriesName as MaximumName<K>]: Sample[K] } & {
  readonly sampleCount: number;
};

/** What the API says of the collection. */
export type Info = z.output<typeof metricsInfo>;

/** What can be changed while the API runs. */
export type Settings = z.output<typeof settings>;

/** The game server's state. */
export type ServerStatus = z.output<typeof serverStatus>;

/** Something that happened. */
export type TimelineEvent = z.output<typeof event>;

/** A list of events as it is sent. */
export type EventsBody = z.output<typeof events>;

/** How the alerts stand. */
export type Alerts = z.output<typeof alerts>;

/** How one of them stands. */
export type Alert = Alerts['rules'][number];
