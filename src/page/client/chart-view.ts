import { bandsOf } from './alert-bands.js';
import { Buckets, continued } from './buckets.js';
import { Chart } from './chart.js';
import { CHARTS } from './charts.js';
import { element, setText } from './dom.js';
import { formatWidth } from './format.js';
import { markersOf } from './markers.js';
import { type Point } from './samples.js';
import { SpanEvents } from './span-events.js';
import { isHeld, type Span, spanOf } from './span.js';
import { type Change, type State } from './state.js';
import { toTimeline } from './timeline.js';
import { type MakeView, type Page } from './view.js';

/** All charts, over one span: the samples that the page holds where they are no more than the screen can show, else means. */
export const chartView: MakeView = (page) => {
  const view = new ChartView(page);
  return (change) => {
    view.show(change);
  };
};

/** What the charts are to show. */
interface Shown {
  readonly span: Span;
  readonly points: readonly Point[];
  /** The part of the span of which these are all points. */
  readonly known: Span;
  /** The usual distance of two points. */
  readonly stepSeconds: number;
  /** Of how many seconds each point is the mean; null: they are samples. */
  readonly bucketSeconds: number | null;
}

class ChartView {
  private readonly state: State;
  private readonly charts: readonly Chart[];
  private readonly buckets: Buckets;
  private readonly spanEvents: SpanEvents;
  private frame: number | null = null;

  constructor({ api, state, closing }: Page) {
    this.state = state;
    this.spanEvents = new SpanEvents(api, () => {
      this.draw();
    });
    const zoomTo = (span: Span | null) => {
      state.zoomTo(span);
    };
    const place = element('charts', HTMLElement);
    this.charts = CHARTS.map((kind) => new Chart(place, kind, zoomTo, closing));
    this.buckets = new Buckets(api, () => {
      this.draw();
    });
    const zoomOut = () => {
      zoomTo(null);
    };
    element('zoom-out', HTMLElement).addEventListener('click', zoomOut, { signal: closing });
    closing.addEventListener('abort', () => {
      if (this.frame !== null) cancelAnimationFrame(this.frame);
    });
  }

  show(change: Change): void {
    if (change === 'connection' || change === 'info') return;
    // More is known to the API than when it was asked for the means.
    if (change === 'past') this.buckets.forget();
    this.draw();
  }

  /** Draws before the next frame, once for all changes until then; not at all while the page is hidden. */
  private draw(): void {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.drawNow(this.shown());
    });
  }

  private drawNow({ span, points, known, stepSeconds, bucketSeconds }: Shown): void {
    const timeline = toTimeline(points, known, stepSeconds);
    const markers = markersOf(
      this.spanEvents.over(span, this.state.events),
      span,
      this.charts[0]?.width ?? 0,
    );
    const { alerts, clock, info } = this.state;
    for (const chart of this.charts) {
      const { kind } = chart;
      const bands = bandsOf(alerts, kind.alerts ?? [], clock.now);
      chart.draw({ timeline, span, markers, bands, limit: kind.limit?.(info) ?? null });
    }
    element('zoom-out', HTMLElement).hidden = this.state.zoomed === null;
    setText('resolution', bucketSeconds === null ? '' : `means of ${formatWidth(bucketSeconds)}`);
  }

  private shown(): Shown {
    const { info, samples, completeUntil, begin, zoomed, clock } = this.state;
    const { now } = clock;
    const end = completeUntil ?? now;
    const heldFrom = samples.all[0]?.time ?? now;
    const span = zoomed ?? spanOf(this.state.rangeBy(location.search), now, begin);
    const inSpan = ({ time }: Point) => time >= span.from && time <= span.to;
    const held = samples.all.filter(({ time }) => time <= end);
    const heldInSpan = held.filter(inSpan);
    const pixels = this.charts[0]?.pixels ?? 0;
    const isRaw = isHeld(span, heldFrom, begin) && heldInSpan.length <= pixels;
    const answer = isRaw ? null : this.buckets.over(span, pixels);
    const means = answer === null ? null : continued(answer, held, Math.min(end, span.to));
    return {
      span,
      points: means === null ? heldInSpan : means.points.filter(inSpan),
      known: {
        from: Math.max(span.from, means === null ? heldFrom : begin),
        to: Math.min(span.to, end, means?.to ?? now),
      },
      stepSeconds: Math.max(means?.bucketSeconds ?? 0, info.intervalSeconds),
      bucketSeconds: means?.bucketSeconds ?? null,
    };
  }
}
