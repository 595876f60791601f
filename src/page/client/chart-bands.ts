import type UPlot from 'uplot';
import { type Band } from './alert-bands.js';
import { paletteColour } from './palette.js';

const COLOURS = { info: '--grid', warning: '--band-warning', error: '--band-error' } as const;

/** Shades the stretches of a plot in which alerts hold. */
export function drawBands(plot: UPlot, bands: readonly Band[]): void {
  const { ctx, bbox } = plot;
  ctx.save();
  for (const { from, to, level } of bands) {
    const left = Math.max(bbox.left, plot.valToPos(from, 'x', true));
    const right = Math.min(bbox.left + bbox.width, plot.valToPos(to, 'x', true));
    if (right <= left) continue;
    ctx.fillStyle = paletteColour(COLOURS[level]);
    ctx.fillRect(left, bbox.top, right - left, bbox.height);
  }
  ctx.restore();
}
