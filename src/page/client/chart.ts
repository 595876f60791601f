import UPlot from 'uplot';
import { type Band } from './alert-bands.js';
import { drawBands } from './chart-bands.js';
import { hatchHoles } from './chart-holes.js';
import { type Limit, LimitLine } from './chart-limit.js';
import { drawMark } from './chart-mark.js';
import { drawMarkers } from './chart-markers.js';
import { type ChartKind, headingOf, labelOf, type Line } from './charts.js';
import { formatNumber, formatTime, formatValue } from './format.js';
import { MarkerTip } from './marker-tip.js';
import { type Marker } from './markers.js';
import { paletteColour } from './palette.js';
import { type Point } from './samples.js';
import { type Span } from './span.js';
import { timeLabels } from './time-axis.js';
import { type Timeline, valuesOf } from './timeline.js';
import { SERIES } from '../../metrics/series.js';

const PLOT_HEIGHT = 230;
/** Between two labels of the time axis, CSS pixels. */
const LABEL_SPACE = 80;
/** A shorter drag is a click that slipped. */
const MIN_DRAG_PIXELS = 6;
/** Between two numbers at the axis of what is counted. */
const WHOLE_STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
const CURSOR = 'vintagestory-metrics';

/** What a chart is to show. */
export interface Drawing {
  readonly timeline: Timeline;
  readonly span: Span;
  readonly markers: readonly Marker[];
  readonly bands: readonly Band[];
  readonly limit: Limit | null;
}

/** A chart on the page. */
export class Chart {
  private readonly card = document.createElement('article');
  private readonly container = document.createElement('div');
  private readonly plot: UPlot;
  private readonly tip: MarkerTip;
  private readonly limitLine = new LimitLine();
  private timeline: Timeline = { times: [], points: [], holes: [] };
  private markers: readonly Marker[] = [];
  private bands: readonly Band[] = [];
  /** The lines that have had a value since the page was opened. */
  private readonly seen = new Set<Line>();

  /** Adds it to what is in `place` until `closing`; `onZoom` is called with a span that was marked by dragging. */
  constructor(
    place: HTMLElement,
    readonly kind: ChartKind,
    onZoom: (span: Span) => void,
    closing: AbortSignal,
  ) {
    const { card } = this;
    card.className = 'card chart';
    card.hidden = kind.isOptional === true;
    const heading = document.createElement('h2');
    heading.id = `${kind.id}-title`;
    heading.textContent = headingOf(kind);
    this.container.id = `${kind.id}-chart`;
    this.container.className = 'plot';
    card.append(heading, this.container);
    if (kind.note !== undefined) {
      const text = document.createElement('p');
      text.className = 'detail';
      text.textContent = kind.note;
      heading.after(text);
    }
    place.append(card);

    this.plot = this.makePlot(onZoom);
    this.plot.over.setAttribute('role', 'img');
    this.tip = new MarkerTip(this.plot, closing);
    this.plot.over.after(this.limitLine.label);
    this.showSeen();
    const resizing = new ResizeObserver(() => {
      this.plot.setSize({ width: this.width, height: PLOT_HEIGHT });
    });
    resizing.observe(this.container);
    const redraw = () => {
      this.plot.redraw(false);
    };
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw, { signal: closing });
    closing.addEventListener('abort', () => {
      resizing.disconnect();
      this.plot.destroy();
      card.remove();
    });
  }

  /** Draws a span of the timeline, with what is in it. */
  draw({ timeline, span: { from, to }, markers, bands, limit }: Drawing): void {
    this.timeline = timeline;
    this.markers = markers;
    this.bands = bands;
    const values = this.kind.lines.map(({ series }) => valuesOf(timeline, series));
    const seenBefore = this.seen.size;
    this.kind.lines.forEach((line, i) => {
      if (values[i]?.some((value) => value !== null)) this.seen.add(line);
    });
    if (this.seen.size > seenBefore) this.showSeen();
    this.limitLine.set(limit, limit === null ? [] : valuesOf(timeline, limit.series));
    this.plot.batch(() => {
      this.plot.setData([[...timeline.times], ...values], false);
      this.plot.setScale('x', { min: from, max: Math.max(to, from + 1) });
    });
    // While nobody points at a chart its legend has the newest values.
    if ((this.plot.cursor.left ?? -1) < 0) this.plot.setLegend({}, false);
    this.tip.point(markers);
    const now = this.kind.lines.flatMap((line, i) => {
      if (!this.seen.has(line)) return [];
      const value = formatValue(line.series, values[i]?.at(-1) ?? null);
      return `${withinSentence(labelOf(line, this.kind))} ${value}`;
    });
    this.plot.over.setAttribute('aria-label', `${this.kind.title} now: ${now.join(', ')}`);
  }

  /** Pixels of the screen across: more points than this cannot be seen. */
  get pixels(): number {
    return Math.round(this.width * devicePixelRatio);
  }

  /** In pixels of the page. */
  get width(): number {
    return Math.max(200, this.container.clientWidth);
  }

  /** Shows the chart when it is wanted by now, and in its legend the lines that there are. */
  private showSeen(): void {
    if (this.seen.size > 0) this.card.hidden = false;
    const rows = this.container.querySelectorAll<HTMLElement>('.u-series');
    this.kind.lines.forEach((line, i) => {
      // The first row is of the time.
      const row = rows[i + 1];
      if (row) row.hidden = !this.seen.has(line);
    });
  }

  /** The newest point that is drawn, or null. */
  private get newest(): Point | null {
    return [...this.timeline.points].reverse().find((point) => point !== null) ?? null;
  }

  private makePlot(onZoom: (span: Span) => void): UPlot {
    const axis = {
      stroke: () => paletteColour('--quiet'),
      grid: { stroke: () => paletteColour('--grid'), width: 1 },
    };
    // There is no half player.
    const isCount = SERIES[this.kind.lines[0].series].digits === 0;
    const steps = isCount ? { incrs: WHOLE_STEPS } : {};
    return new UPlot(
      {
        width: this.width,
        height: PLOT_HEIGHT,
        cursor: { sync: { key: CURSOR }, drag: { x: true, y: false, setScale: false }, points: { size: 7 } },
        scales: {
          y: {
            range: (_plot, _min, max) => [
              0,
              Math.max(1.1 * Math.max(1, max || 0, this.kind.mark ?? 0), this.limitLine.reach),
            ],
          },
        },
        series: [
          {
            label: 'Time',
            value: (_plot, seconds: number | null) => {
              const shown = seconds ?? this.newest?.time;
              return shown === undefined ? '–' : formatTime(shown * 1000);
            },
          },
          ...this.kind.lines.map((line) => ({
            label: labelOf(line, this.kind),
            stroke: () => paletteColour(line.colour),
            width: 2,
            spanGaps: false,
            points: { show: false },
            value: (_plot: UPlot, value: number | null, _line: number, place: number | null) =>
              formatValue(line.series, place === null ? (this.newest?.[line.series] ?? null) : value),
          })),
        ],
        axes: [
          {
            ...axis,
            space: LABEL_SPACE,
            values: (_plot, times, _axis, _space, stepSeconds) => timeLabels(times, stepSeconds),
          },
          { ...axis, ...steps, size: 56, values: (_plot, values) => values.map(formatNumber) },
        ],
        hooks: {
          drawClear: [
            (plot) => {
              drawBands(plot, this.bands);
              hatchHoles(plot, this.timeline.holes);
            },
          ],
          draw: [
            (plot) => {
              if (this.kind.mark !== undefined) drawMark(plot, this.kind.mark);
              this.limitLine.draw(plot);
              drawMarkers(plot, this.markers);
            },
          ],
          setCursor: [
            () => {
              this.tip.point(this.markers);
            },
          ],
          setSelect: [
            (plot) => {
              const { left, width } = plot.select;
              if (width < MIN_DRAG_PIXELS) return;
              onZoom({ from: plot.posToVal(left, 'x'), to: plot.posToVal(left + width, 'x') });
              plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            },
          ],
        },
      },
      [[], ...this.kind.lines.map(() => [])],
      this.container,
    );
  }
}

/** A label in the middle of a sentence: an abbreviation stays as it is. */
function withinSentence(label: string): string {
  return label.replace(/^\p{Lu}(?=\p{Ll})/u, (first) => first.toLowerCase());
}
