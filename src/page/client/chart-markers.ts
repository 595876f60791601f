import type UPlot from 'uplot';
import { SIGNS } from './event-signs.js';
import { LEVEL_COLOURS } from './levels.js';
import { type Marker } from './markers.js';
import { paletteColour } from './palette.js';

/** The side of a sign in pixels of the page; it is drawn in a square of 10. */
const SIGN_PIXELS = 10;

/** Draws markers over a plot: a line down it, and the sign at its top. */
export function drawMarkers(plot: UPlot, markers: readonly Marker[]): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  // A sign at the edge is drawn as a whole.
  ctx.rect(bbox.left - SIGN_PIXELS * ratio, bbox.top, bbox.width + 2 * SIGN_PIXELS * ratio, bbox.height);
  ctx.clip();
  ctx.lineWidth = ratio;
  ctx.setLineDash([2 * ratio, 3 * ratio]);
  for (const { time, level, sign } of markers) {
    // In the middle of a pixel, or it would be two pale ones wide.
    const x = Math.round(plot.valToPos(time, 'x', true)) + 0.5;
    ctx.strokeStyle = ctx.fillStyle = paletteColour(LEVEL_COLOURS[level]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top + (SIGN_PIXELS + 2) * ratio);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.save();
    ctx.translate(x - (SIGN_PIXELS / 2) * ratio, bbox.top);
    ctx.scale((SIGN_PIXELS / 10) * ratio, (SIGN_PIXELS / 10) * ratio);
    ctx.fill(new Path2D(SIGNS[sign]));
    ctx.restore();
  }
  ctx.restore();
}
