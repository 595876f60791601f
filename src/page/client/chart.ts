import UPlot from 'uplot';
import { formatNumber, formatTime } from './format.js';
import { type Series } from './series.js';
import { timeLabels } from './time-axis.js';

const PLOT_HEIGHT = 230;
/** Between two labels of the time axis, CSS pixels. */
const LABEL_SPACE = 80;
/** A shorter drag is a click that slipped. */
const MIN_DRAG_PIXELS = 6;
const CURSOR = 'vintagestory-metrics';

/** One chart of both processes over time. */
export class Chart {
  private readonly plot: UPlot;
  private series: Series = { times: [], api: [], game: [], holes: [] };

  constructor(
    private readonly container: HTMLElement,
    private readonly name: string,
    private readonly format: (value: number | null) => string,
    /** Called with a span (s since the epoch) that was marked by dragging. */
    onZoom: (from: number, to: number) => void,
  ) {
    const line = (label: string, colour: string): UPlot.Series => ({
      label,
      stroke: () => cssColour(colour),
      width: 2,
      spanGaps: false,
      points: { show: false },
      value: (_plot, value: number | null) => format(value),
    });
    const axis = {
      stroke: () => cssColour('--quiet'),
      grid: { stroke: () => cssColour('--grid'), width: 1 },
    };
    this.plot = new UPlot(
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
          line('Game', '--game'),
          line('API', '--api'),
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
            () => {
              this.hatchHoles();
            },
          ],
          setSelect: [
            ({ select }) => {
              if (select.width < MIN_DRAG_PIXELS) return;
              onZoom(
                this.plot.posToVal(select.left, 'x'),
                this.plot.posToVal(select.left + select.width, 'x'),
              );
              this.plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            },
          ],
        },
      },
      [[], [], []],
      container,
    );
    this.plot.over.setAttribute('role', 'img');
    new ResizeObserver(() => {
      this.plot.setSize({ width: this.width, height: PLOT_HEIGHT });
    }).observe(container);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.plot.redraw(false);
    });
  }

  /** Draws the series between two times (s since the epoch). */
  draw(series: Series, from: number, to: number): void {
    this.series = series;
    this.plot.batch(() => {
      this.plot.setData([series.times, series.game, series.api], false);
      this.plot.setScale('x', { min: from, max: Math.max(to, from + 1) });
    });
    const last = (values: readonly (number | null)[]) => this.format(values.at(-1) ?? null);
    this.plot.over.setAttribute(
      'aria-label',
      `${this.name} now: game ${last(series.game)}, API ${last(series.api)}`,
    );
  }

  /** Pixels of the screen across: more points than this cannot be seen. */
  get pixels(): number {
    return Math.round(this.width * devicePixelRatio);
  }

  private get width(): number {
    return Math.max(200, this.container.clientWidth);
  }

  private hatchHoles(): void {
    const { ctx, bbox } = this.plot;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.strokeStyle = cssColour('--hatch');
    ctx.fillStyle = cssColour('--grid');
    ctx.lineWidth = 2 * devicePixelRatio;
    const step = 9 * devicePixelRatio;
    for (const [from, to] of this.series.holes) {
      const left = Math.max(bbox.left, this.plot.valToPos(from, 'x', true));
      const right = Math.min(bbox.left + bbox.width, this.plot.valToPos(to, 'x', true));
      if (right <= left) continue;
      ctx.save();
      ctx.beginPath();
      ctx.rect(left, bbox.top, right - left, bbox.height);
      ctx.clip();
      ctx.fillRect(left, bbox.top, right - left, bbox.height);
      ctx.beginPath();
      for (let x = left - bbox.height; x < right; x += step) {
        ctx.moveTo(x, bbox.top + bbox.height);
        ctx.lineTo(x + bbox.height, bbox.top);
      }
      ctx.stroke();
      ctx.restore();
    }
    ctx.restore();
  }
}

function cssColour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
