import { type z } from 'zod';
import { type metricsInfo, type serverStatus, type settings } from '../../http/openapi/schemas.js';
import { type MetricsSnapshot } from '../../metrics/metrics-snapshot.js';

/** A sample as the API sends it: a snapshot in JSON. docs/numbers.md says what each field means. */
export type Sample = {
  readonly [K in keyof MetricsSnapshot]: MetricsSnapshot[K] extends Date ? string : MetricsSnapshot[K];
};

/** What the API says of the collection. */
export type Info = z.output<typeof metricsInfo>;

/** What can be changed while the API runs. */
export type Settings = z.output<typeof settings>;

/** The game server's state. */
export type ServerStatus = z.output<typeof serverStatus>;
