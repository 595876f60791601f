import { SERIES, type SeriesName } from '../../metrics/series.js';

/** A line of a chart. */
export interface Line {
  readonly series: SeriesName;
  /** A custom property of the page's palette. */
  readonly colour: `--${string}`;
}

/** A chart: its lines are in one unit. */
export interface ChartKind {
  /** Begins the ids of its elements. */
  readonly id: string;
  readonly title: string;
  /** What the unit is of, for the heading. */
  readonly of?: string;
  readonly lines: readonly [Line, ...Line[]];
}

/** The charts, from top to bottom. */
export const CHARTS: readonly ChartKind[] = [
  {
    id: 'memory',
    title: 'Memory',
    lines: [
      { series: 'gameMemoryMb', colour: '--game' },
      { series: 'apiMemoryMb', colour: '--api' },
    ],
  },
  {
    id: 'cpu',
    title: 'CPU',
    of: 'of one core',
    lines: [
      { series: 'gameCpuPercent', colour: '--game' },
      { series: 'apiCpuPercent', colour: '--api' },
    ],
  },
];

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
