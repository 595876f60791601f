import { type MetricsSnapshot } from './metrics-snapshot.js';

/** The name of a series: its field in a snapshot. */
export type SeriesName = Exclude<keyof MetricsSnapshot, 'timestamp'>;

/** What everything that keeps, sends or shows a series needs to know of it. */
export interface Series {
  /** Its column in the archive. */
  readonly column: string;
  /** As it is shown behind a number; empty for a count. */
  readonly unit: 'MiB' | '%' | 'ms' | 'ticks/s' | '';
  /** Whether a sample may not know it. One that is added later is nullable: older samples do not have it. */
  readonly nullable: boolean;
  /** To how many decimals it is rounded: finer than what can be counted, and short in JSON. */
  readonly digits: number;
  /** Its name for people. */
  readonly label: string;
  /** What it means, for those who read the API's description or the file. */
  readonly description: string;
}

const memory = 'MiB (1024² bytes) of resident memory';
const cpu = 'Percent of one core since the sample before: 100 = one core busy, 200 = two';
const unmeasured = 'null when the game server was not measured';
const unanswered =
  'null when the game was not asked, did not answer, or last answered more than two questions ago';

/**
 * Every series, declared once, in the order in which they are sent: tables, queries, buckets, exports, schemas and the
 * page derive from this. Over a span of time each is summed up as its mean, under its own name, and its maximum.
 */
export const SERIES = {
  apiMemoryMb: {
    column: 'api_memory_mb',
    unit: 'MiB',
    nullable: false,
    digits: 2,
    label: 'API memory',
    description: `This process: ${memory}`,
  },
  apiCpuPercent: {
    column: 'api_cpu_percent',
    unit: '%',
    nullable: false,
    digits: 2,
    label: 'API CPU',
    description: `This process: ${cpu}`,
  },
  gameMemoryMb: {
    column: 'game_memory_mb',
    unit: 'MiB',
    nullable: true,
    digits: 2,
    label: 'Game memory',
    description: `The game server: ${memory}; ${unmeasured}`,
  },
  gameCpuPercent: {
    column: 'game_cpu_percent',
    unit: '%',
    nullable: true,
    digits: 2,
    label: 'Game CPU',
    description: `The game server: ${cpu}; ${unmeasured}, or is younger than 0.2 s`,
  },
  gameThreads: {
    column: 'game_threads',
    unit: '',
    nullable: true,
    digits: 1,
    label: 'Game threads',
    description: `The game server: its threads, with those of the processes that it started; ${unmeasured}, or by the pidusage engine`,
  },
  players: {
    column: 'players',
    unit: '',
    nullable: true,
    digits: 1,
    label: 'Players',
    description: `Players online, as the game last answered; ${unanswered}`,
  },
  tickMs: {
    column: 'tick_ms',
    unit: 'ms',
    nullable: true,
    digits: 2,
    label: 'Tick time',
    description: `How long a tick of the game took on average, in the two seconds before its last answer; its target is a tick each 33.3 ms; ${unanswered}, or when nothing ticked`,
  },
  ticksPerSecond: {
    column: 'ticks_per_second',
    unit: 'ticks/s',
    nullable: true,
    digits: 2,
    label: 'Ticks a second',
    description: `Ticks a second, in the two seconds before the game's last answer; its target is 30; ${unanswered}, or when nothing ticked`,
  },
  gcHeapMb: {
    column: 'gc_heap_mb',
    unit: 'MiB',
    nullable: true,
    digits: 2,
    label: '.NET heap',
    description:
      "MiB of the game's managed memory: after the last collection as its .NET runtime tells, else as the game last answered; null when neither is known",
  },
  gcPausePercent: {
    column: 'gc_pause_percent',
    unit: '%',
    nullable: true,
    digits: 2,
    label: 'GC pauses',
    description:
      'Percent of the time since the sample before in which a .NET collection held all threads of the game; null when its runtime does not tell',
  },
  gcPauseMaxMs: {
    column: 'gc_pause_max_ms',
    unit: 'ms',
    nullable: true,
    digits: 2,
    label: 'Longest GC pause',
    description:
      'The longest of those pauses since the sample before, 0 when there was none; null when the runtime does not tell',
  },
  machineCpuPercent: {
    column: 'machine_cpu_percent',
    unit: '%',
    nullable: true,
    digits: 2,
    label: 'Machine CPU',
    description: `All CPUs of the machine together, everything that runs on it: ${cpu}; null when it is not known`,
  },
  machineMemoryAvailableMb: {
    column: 'machine_memory_available_mb',
    unit: 'MiB',
    nullable: true,
    digits: 2,
    label: 'Memory available',
    description: 'MiB that programs can still get without any being swapped out; null when it is not known',
  },
  diskFreeMb: {
    column: 'disk_free_mb',
    unit: 'MiB',
    nullable: true,
    digits: 0,
    label: 'Disk room',
    description:
      "MiB that a program may still write to the disk of the game's data; null when it is not known",
  },
} as const satisfies {
  readonly [K in SeriesName]: Series & { readonly nullable: null extends MetricsSnapshot[K] ? true : false };
};

/** The names of all series, in order. */
export const SERIES_NAMES = Object.keys(SERIES) as SeriesName[];

/** The maximum of a series over a span of time: its field in a bucket. */
export type MaximumName<K extends SeriesName = SeriesName> = `${K}Max`;

/** The field of a bucket that has the maximum of a series. */
export function maximumOf<K extends SeriesName>(name: K): MaximumName<K> {
  return `${name}Max`;
}

/** Something for each series, by its name and in order. */
export function mapSeries<T>(make: (name: SeriesName, series: Series) => T): Record<SeriesName, T> {
  return Object.fromEntries(SERIES_NAMES.map((name) => [name, make(name, SERIES[name])])) as Record<
    SeriesName,
    T
  >;
}

// Made once: samples and buckets are made by the thousand.
const FACTORS = mapSeries((_, { digits }) => 10 ** digits);

/** Rounds a value of a series to its digits. */
export function roundTo(name: SeriesName, value: number): number {
  const factor = FACTORS[name];
  return Math.round(value * factor) / factor;
}

/** The snapshot of these values: rounded, frozen, its fields in order. */
export function snapshotOf(values: MetricsSnapshot): MetricsSnapshot {
  const series = mapSeries((name) => {
    const value = values[name];
    return value === null ? null : roundTo(name, value);
  });
  return Object.freeze({ timestamp: values.timestamp, ...series } as MetricsSnapshot);
}
