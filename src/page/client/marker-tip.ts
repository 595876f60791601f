import type UPlot from 'uplot';
import { formatNumber, formatTime } from './format.js';
import { type Marker } from './markers.js';

/** A marker that is no further away from the cursor is meant by it, in pixels of the page. */
const REACH_PIXELS = 8;

/** Tells in words of the marker under the cursor. The list of events has the same for those who do not point. */
export class MarkerTip {
  private readonly tip = document.createElement('div');
  private shown: Marker | null = null;

  /** Until the mouse moves again. */
  private isDismissed = false;

  constructor(
    private readonly plot: UPlot,
    closing: AbortSignal,
  ) {
    this.tip.className = 'tip';
    this.tip.hidden = true;
    plot.over.parentElement?.append(this.tip);
    plot.over.addEventListener('mousemove', () => (this.isDismissed = false));
    plot.over.addEventListener('mouseleave', () => {
      this.show(null);
    });
    const dismiss = ({ key }: KeyboardEvent) => {
      if (key !== 'Escape') return;
      this.isDismissed = true;
      this.show(null);
    };
    addEventListener('keydown', dismiss, { signal: closing });
  }

  /** Shows what there is at the cursor, if it is over this plot and not over another one that it is shared with. */
  point(markers: readonly Marker[]): void {
    const { left = -1 } = this.plot.cursor;
    if (left < 0 || this.isDismissed || !this.plot.over.matches(':hover')) {
      this.show(null);
      return;
    }
    const distance = ({ time }: Marker) => Math.abs(this.plot.valToPos(time, 'x') - left);
    const near = markers.filter((marker) => distance(marker) <= REACH_PIXELS);
    this.show(near.sort((a, b) => distance(a) - distance(b))[0] ?? null);
  }

  private show(marker: Marker | null): void {
    if (marker === this.shown) return;
    this.shown = marker;
    this.tip.hidden = marker === null;
    if (marker === null) return;
    this.tip.replaceChildren(
      ...marker.told.map(({ time, text, level }) => {
        const line = document.createElement('p');
        line.dataset.level = level;
        line.textContent = `${formatTime(time * 1000)}: ${text}`;
        return line;
      }),
    );
    const more = marker.count - marker.told.length;
    if (more > 0) {
      const line = document.createElement('p');
      line.textContent = `and ${formatNumber(more)} more`;
      this.tip.append(line);
    }
    const { offsetLeft, offsetWidth } = this.plot.over;
    const middle = offsetLeft + this.plot.valToPos(marker.time, 'x');
    const rightmost = offsetLeft + offsetWidth - this.tip.offsetWidth;
    this.tip.style.left = `${Math.max(0, Math.min(middle - this.tip.offsetWidth / 2, rightmost))}px`;
  }
}
