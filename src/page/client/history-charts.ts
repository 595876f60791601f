import { type Api } from './api.js';
import { Buckets, continued } from './buckets.js';
import { Chart } from './chart.js';
import { nowMs } from './clock.js';
import { element, setText } from './dom.js';
import { formatMemory, formatPercent, formatWidth } from './format.js';
import { offeredRanges, wantedRange } from './ranges.js';
import { type Samples } from './samples.js';
import { toSeries } from './series.js';
import { historyBegin, isHeld, type Span, spanOf } from './view.js';
import { type Info } from './wire.js';

/** Made once: they outlive a log-out, and then tell whoever draws on them next. */
let charts: { readonly memory: Chart; readonly cpu: Chart } | null = null;
let zoomTo: ((span: Span) => void) | null = null;

function sharedCharts() {
  const onZoom = (from: number, to: number) => zoomTo?.({ from, to });
  return (charts ??= {
    memory: new Chart(element('memory-chart', HTMLElement), 'Memory', formatMemory, onZoom),
    cpu: new Chart(element('cpu-chart', HTMLElement), 'CPU', formatPercent, onZoom),
  });
}

/** What the charts are to show. */
export interface Shown {
  readonly info: Info;
  readonly samples: Samples;
  /** Up to when the samples are all that were taken, s since the epoch; null: up to now. */
  readonly completeUntil: number | null;
}

/** How many seconds the history covers, or will once the memory is full. */
export function coveredSeconds(info: Info): number {
  const ageSeconds = info.historyFrom === null ? 0 : (nowMs() - Date.parse(info.historyFrom)) / 1000;
  return Math.max(info.capacity * info.intervalSeconds, ageSeconds);
}

/** Draws both charts: the samples that the page holds where they are no more than the screen can show, else means. */
export class HistoryCharts {
  private readonly charts = sharedCharts();
  private readonly buckets: Buckets;
  private zoomed: Span | null = null;
  private frame: number | null = null;

  /** `shown` is asked at each drawing. */
  constructor(
    api: Api,
    private readonly shown: () => Shown,
    closing: AbortSignal,
  ) {
    this.buckets = new Buckets(api, () => {
      this.draw();
    });
    zoomTo = (span) => {
      this.zoomed = span;
      this.draw();
    };
    element('zoom-out', HTMLElement).addEventListener('click', this.zoomOut, { signal: closing });
    closing.addEventListener('abort', () => {
      if (this.frame !== null) cancelAnimationFrame(this.frame);
      zoomTo = null;
    });
  }

  /** Draws before the next frame, once for all that ask; not at all while the page is hidden. */
  draw(): void {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.drawNow();
    });
  }

  /** Asks for the means anew, since more is known to the API than when they were asked for. */
  reload(): void {
    this.buckets.forget();
    this.draw();
  }

  readonly zoomOut = (): void => {
    this.zoomed = null;
    this.draw();
  };

  private drawNow(): void {
    const { info, samples, completeUntil } = this.shown();
    const { memory, cpu } = this.charts;
    const now = nowMs() / 1000;
    const end = completeUntil ?? now;
    const heldFrom = samples.all[0]?.time ?? now;
    const historyFrom = info.historyFrom === null ? null : Date.parse(info.historyFrom) / 1000;
    const begin = historyBegin(heldFrom, historyFrom, !samples.areAll);
    const range = wantedRange(location.search, offeredRanges(coveredSeconds(info)));
    const span = this.zoomed ?? spanOf(range, now, begin);
    const held = samples.all.filter(({ time }) => time <= end);
    const inSpan = held.filter(({ time }) => time >= span.from && time <= span.to);
    const isRaw = isHeld(span, heldFrom, begin) && inSpan.length <= memory.pixels;
    const answer = isRaw ? null : this.buckets.over(span, memory.pixels);
    const means = answer === null ? null : continued(answer, held, Math.min(end, span.to));
    const points =
      means === null ? inSpan : means.points.filter(({ time }) => time >= span.from && time <= span.to);
    const known = {
      from: Math.max(span.from, means === null ? heldFrom : begin),
      to: Math.min(span.to, end, means?.to ?? now),
    };
    const step = Math.max(means?.bucketSeconds ?? 0, info.intervalSeconds);
    memory.draw(toSeries(points, known, step, 'apiMemoryMb', 'gameMemoryMb'), span.from, span.to);
    cpu.draw(toSeries(points, known, step, 'apiCpuPercent', 'gameCpuPercent'), span.from, span.to);
    element('zoom-out', HTMLElement).hidden = this.zoomed === null;
    setText('resolution', means === null ? '' : `means of ${formatWidth(means.bucketSeconds)}`);
  }
}
