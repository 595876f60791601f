import UPlot from 'uplot';
import { hatchHoles } from './chart-holes.js';
import { type ChartKind, headingOf, labelOf } from './charts.js';
import { formatNumber, formatTime, formatValue } from './format.js';
import { paletteColour } from './palette.js';
import { type Span } from './span.js';
import { timeLabels } from './time-axis.js';
import { type Timeline, valuesOf } from './timeline.js';

const PLOT_HEIGHT = 230;
/** Between two labels of the time axis, CSS pixels. */
const LABEL_SPACE = 80;
/** A shorter drag is a click that slipped. */
const MIN_DRAG_PIXELS = 6;
const CURSOR = 'vintagestory-metrics';

/** A chart on the page. */
export class Chart {
  private readonly container = document.createElement('div');
  private readonly plot: UPlot;
  private timeline: Timeline = { times: [], points: [], holes: [] };

  /** Adds it to what is in `place` until `closing`; `onZoom` is called with a span that was marked by dragging. */
  constructor(
    place: HTMLElement,
    private readonly kind: ChartKind,
    onZoom: (span: Span) => void,
    closing: AbortSignal,
  ) {
    const card = document.createElement('article');
    card.className = 'card chart';
    const heading = document.createElement('h2');
    heading.id = `${kind.id}-title`;
    heading.textContent = headingOf(kind);
    this.container.id = `${kind.id}-chart`;
    this.container.className = 'plot';
    card.append(heading, this.container);
    place.append(card);

    this.plot = this.makePlot(onZoom);
    this.plot.over.setAttribute('role', 'img');
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

  /** Draws a span of the timeline. */
  draw(timeline: Timeline, { from, to }: Span): void {
    this.timeline = timeline;
    const values = this.kind.lines.map(({ series }) => valuesOf(timeline, series));
    this.plot.batch(() => {
      this.plot.setData([[...timeline.times], ...values], false);
      this.plot.setScale('x', { min: from, max: Math.max(to, from + 1) });
    });
    const now = this.kind.lines.map((line, i) => {
      const value = formatValue(line.series, values[i]?.at(-1) ?? null);
      return `${withinSentence(labelOf(line, this.kind))} ${value}`;
    });
    this.plot.over.setAttribute('aria-label', `${this.kind.title} now: ${now.join(', ')}`);
  }

  /** Pixels of the screen across: more points than this cannot be seen. */
  get pixels(): number {
    return Math.round(this.width * devicePixelRatio);
  }

  private get width(): number {
    return Math.max(200, this.container.clientWidth);
  }

  private makePlot(onZoom: (span: Span) => void): UPlot {
    const axis = {
      stroke: () => paletteColour('--quiet'),
      grid: { stroke: () => paletteColour('--grid'), width: 1 },
    };
    return new UPlot(
      {
        width: this.width,
        height: PLOT_HEIGHT,
        cursor: { sync: { key: CURSOR }, drag: { x: true, y: false, setScale: false }, points: { size: 7 } },
        scales: { y: { range: (_plot, _min, max) => [0, Math.max(1, (max || 0) * 1.1)] } },
        series: [
          {
            label: 'Time',
            value: (_plot, seconds: number | null) => (seconds === null ? '–' : formatTime(seconds * 1000)),
          },
          ...this.kind.lines.map((line) => ({
            label: labelOf(line, this.kind),
            stroke: () => paletteColour(line.colour),
            width: 2,
            spanGaps: false,
            points: { show: false },
            value: (_plot: UPlot, value: number | null) => formatValue(line.series, value),
          })),
        ],
        axes: [
          {
            ...axis,
            space: LABEL_SPACE,
            values: (_plot, times, _axis, _space, stepSeconds) => timeLabels(times, stepSeconds),
          },
          { ...axis, size: 56, values: (_plot, values) => values.map(formatNumber) },
        ],
        hooks: {
          drawClear: [
            (plot) => {
              hatchHoles(plot, this.timeline.holes);
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
