import { type Limit } from './chart-limit.js';
import { formatNumber } from './format.js';
import { type Info } from './wire.js';
import { SERIES, type SeriesName } from '../../metrics/series.js';

/** A line of a chart. */
export interface Line {
  readonly series: SeriesName;
  /** A custom property of the page's palette. */
  readonly colour: `--${string}`;
  /** Over a longer span: of each step the maximum is what people want, and not the mean. */
  readonly isMaximum?: true;
}

/** A chart: its lines are in one unit. */
export interface ChartKind {
  /** Begins the ids of its elements. */
  readonly id: string;
  readonly title: string;
  /** What the unit is of, for the heading. */
  readonly of?: string;
  /** One that no sample has a value of is left out. */
  readonly lines: readonly [Line, ...Line[]];
  /** It is there only once a sample has something for it. */
  readonly isOptional?: true;
  /** A value with a dashed line of its own. */
  readonly mark?: number;
  /** Where one of its lines ends, with a dashed line as well when that is within sight. */
  readonly limit?: (info: Info) => Limit | null;
  /** The rules of the alerts that it is shaded for. */
  readonly alerts?: readonly string[];
  /** What is said below the heading. */
  readonly note?: string;
}

/** The game wants to tick 30 times a second. */
const TICK_MS = 33.3;

const MEMORY_LIMITS = {
  cgroup: 'its cgroup',
  game: 'DieAboveMemoryUsageMb',
  machine: 'the machine',
} as const;

function memoryLimit({ gameMemoryLimit }: Info): Limit | null {
  if (gameMemoryLimit === null) return null;
  const { mb, source } = gameMemoryLimit;
  return { series: 'gameMemoryMb', value: mb, source: MEMORY_LIMITS[source] };
}

/** The charts, from top to bottom. */
export const CHARTS: readonly ChartKind[] = [
  {
    id: 'memory',
    title: 'Memory',
    lines: [
      { series: 'gameMemoryMb', colour: '--game' },
      { series: 'gcHeapMb', colour: '--heap' },
      { series: 'apiMemoryMb', colour: '--api' },
    ],
    limit: memoryLimit,
    alerts: ['memory', 'game'],
  },
  {
    id: 'cpu',
    title: 'CPU',
    of: 'of one core',
    lines: [
      { series: 'gameCpuPercent', colour: '--game' },
      { series: 'apiCpuPercent', colour: '--api' },
      { series: 'machineCpuPercent', colour: '--machine' },
    ],
    alerts: ['cpu', 'game'],
  },
  {
    id: 'ticks',
    title: 'Tick time and GC pauses',
    isOptional: true,
    lines: [
      { series: 'tickMs', colour: '--game' },
      { series: 'gcPauseMaxMs', colour: '--heap', isMaximum: true },
    ],
    mark: TICK_MS,
    alerts: ['tick'],
    note: `Dashed: ${formatNumber(TICK_MS)} ms, what a tick may take when there are 30 a second. Of a longer span: mean tick times, and the longest pauses.`,
  },
  {
    id: 'players',
    title: 'Players',
    note: 'Of a longer span: the most at a time.',
    isOptional: true,
    lines: [{ series: 'players', colour: '--game', isMaximum: true }],
  },
];

/** The series of which the charts show the maximum over each step of a longer span, and not the mean. */
export const SHOWN_MAXIMA: ReadonlySet<SeriesName> = new Set(
  CHARTS.flatMap(({ lines }) => lines.filter(({ isMaximum }) => isMaximum).map(({ series }) => series)),
);

/** The heading of a chart: `CPU, % of one core`. */
export function headingOf({ title, of, lines: [first] }: ChartKind): string {
  const { unit } = SERIES[first.series];
  return `${title}${unit === '' ? '' : `, ${unit}`}${of === undefined ? '' : ` ${of}`}`;
}

/** What a line is called in a chart, which has a title: `Game` for "Game memory" in the chart "Memory". */
export function labelOf({ series }: Line, { title }: ChartKind): string {
  const { label } = SERIES[series];
  return label.toLowerCase().endsWith(` ${title.toLowerCase()}`) ? label.slice(0, -title.length - 1) : label;
}
