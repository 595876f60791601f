import type UPlot from 'uplot';
import { paletteColour } from './palette.js';
import { type Timeline } from './timeline.js';

/** Hatches the stretches of a plot in which no samples were taken. */
export function hatchHoles(plot: UPlot, holes: Timeline['holes']): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.strokeStyle = paletteColour('--hatch');
  ctx.fillStyle = paletteColour('--grid');
  ctx.lineWidth = 2 * devicePixelRatio;
  const step = 9 * devicePixelRatio;
  for (const [from, to] of holes) {
    const left = Math.max(bbox.left, plot.valToPos(from, 'x', true));
    const right = Math.min(bbox.left + bbox.width, plot.valToPos(to, 'x', true));
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
