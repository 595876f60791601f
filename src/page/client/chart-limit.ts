import type UPlot from 'uplot';
import { drawMark } from './chart-mark.js';
import { formatValue } from './format.js';
import { type SeriesName } from '../../metrics/series.js';

/** Where a series ends. */
export interface Limit {
  readonly series: SeriesName;
  readonly value: number;
  /** What sets it, for people. */
  readonly source: string;
}

/** A limit is within sight when it is less than so many times what is shown: else it would squeeze the lines flat. */
const SIGHT = 2;

/** How much higher the axis reaches: the label is above the line, and above that are the signs of events. */
const ROOM = 1.3;

/** The line of a limit across a plot, with its value and its source in words above it. */
export class LimitLine {
  /** To be put beside the plot. */
  readonly label = document.createElement('p');
  private shown: Limit | null = null;

  constructor() {
    this.label.className = 'limit';
    this.label.hidden = true;
  }

  /** The value to which the axis has to reach; 0 when the limit is out of sight. */
  get reach(): number {
    return ROOM * (this.shown?.value ?? 0);
  }

  /** Before the plot is drawn: `values` are those of its series. */
  set(limit: Limit | null, values: readonly (number | null)[]): void {
    const most = values.reduce<number>((max, value) => Math.max(max, value ?? 0), 0);
    this.shown = limit !== null && most > 0 && limit.value < SIGHT * most ? limit : null;
    this.label.hidden = this.shown === null;
    if (this.shown === null) return;
    const { series, value, source } = this.shown;
    this.label.textContent = `Limit: ${formatValue(series, value)} (${source})`;
  }

  draw(plot: UPlot): void {
    if (this.shown === null) return;
    drawMark(plot, this.shown.value);
    const { offsetTop, offsetLeft, offsetWidth } = plot.over;
    this.label.style.top = `${offsetTop + plot.valToPos(this.shown.value, 'y')}px`;
    this.label.style.left = `${offsetLeft}px`;
    this.label.style.maxWidth = `${offsetWidth}px`;
  }
}
