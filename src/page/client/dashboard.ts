import { type Api } from './api.js';
import { Buckets } from './buckets.js';
import { Chart } from './chart.js';
import { nowMs } from './clock.js';
import { element, setText } from './dom.js';
import { formatDuration, formatMemory, formatPercent, formatWidth } from './format.js';
import { requestInfo } from './info.js';
import { showLive } from './live-state.js';
import { LiveStream } from './live-stream.js';
import { clearRanges, showRanges } from './range-buttons.js';
import { offeredRanges, wantedRange } from './ranges.js';
import { showSample } from './sample-cards.js';
import { Samples } from './samples.js';
import { toSeries } from './series.js';
import { ServerCard } from './server-card.js';
import { SettingsForm } from './settings-form.js';
import { historyBegin, isHeld, type Span, spanOf } from './view.js';
import { type Sample } from './wire.js';

/** After so many intervals without a sample, the last one is no longer current. */
const STALE_INTERVALS = 3;

/** How often the page asks for what changes rarely. */
const INFO_MS = 10_000;

/** Set by the dashboard that is shown: the charts outlive a log-out. */
let zoomTo: ((from: number, to: number) => void) | null = null;
let charts: { memory: Chart; cpu: Chart } | null = null;

/**
 * Shows the dashboard until the key is refused, and resolves with the reason, or the user leaves, and resolves with null.
 * Rejects when the API cannot be asked.
 */
export async function showDashboard(api: Api, leaving: AbortSignal): Promise<string | null> {
  let info = await requestInfo(api);
  const samples = new Samples(info.capacity);
  const { metrics } = await api.request<{ metrics: Sample[] }>('metrics/history');
  for (const sample of metrics) samples.add(sample);
  leaving.throwIfAborted();

  element('dashboard', HTMLElement).hidden = false;
  const closing = new AbortController();
  let zoomed: Span | null = null;
  zoomTo = (from, to) => {
    zoomed = { from, to };
    draw();
  };
  charts ??= {
    memory: new Chart(element('memory-chart', HTMLElement), 'Memory', formatMemory, (from, to) =>
      zoomTo?.(from, to),
    ),
    cpu: new Chart(element('cpu-chart', HTMLElement), 'CPU', formatPercent, (from, to) => zoomTo?.(from, to)),
  };
  const { memory, cpu } = charts;
  const serverCard = new ServerCard(api);
  const buckets = new Buckets(api, draw);
  /** A reading of performance.now(), or null while the stream is open. */
  let retryAt: number | null = null;
  /** Since when samples may have been taken without the page, in s since the epoch; null while the stream is open. */
  let brokenSince: number | null = null;

  function coveredSeconds(): number {
    const ageSeconds = info.historyFrom === null ? 0 : (nowMs() - Date.parse(info.historyFrom)) / 1000;
    return Math.max(info.capacity * info.intervalSeconds, ageSeconds);
  }

  function draw(): void {
    const now = nowMs() / 1000;
    const historyFrom = info.historyFrom === null ? null : Date.parse(info.historyFrom) / 1000;
    const [oldest] = samples.all;
    const heldFrom = oldest === undefined ? now : Date.parse(oldest.timestamp) / 1000;
    const range = wantedRange(location.search, offeredRanges(coveredSeconds()));
    const begin = historyBegin(heldFrom, historyFrom, samples.all.length >= info.capacity);
    const span = zoomed ?? spanOf(range, now, begin);
    const answer = isHeld(span, heldFrom, begin) ? null : buckets.over(span, memory.width);
    const shown = (answer?.metrics ?? samples.all).filter(({ timestamp }) => {
      const at = Date.parse(timestamp) / 1000;
      return at >= span.from && at <= span.to;
    });
    const step = Math.max(answer?.bucketSeconds ?? 0, info.intervalSeconds);
    const known = {
      from: Math.max(span.from, answer === null ? heldFrom : begin),
      to: Math.min(span.to, answer?.to ?? now, brokenSince ?? now),
    };
    memory.draw(toSeries(shown, known, step, 'apiMemoryMb', 'gameMemoryMb'), span.from, span.to);
    cpu.draw(toSeries(shown, known, step, 'apiCpuPercent', 'gameCpuPercent'), span.from, span.to);
    element('zoom-out', HTMLElement).hidden = zoomed === null;
    setText('resolution', answer === null ? '' : `means of ${formatWidth(answer.bucketSeconds)}`);
  }

  function zoomOut(): void {
    zoomed = null;
    draw();
  }

  function showInfo(): void {
    showRanges(coveredSeconds(), zoomOut);
    setText('degraded', info.degraded === null ? '' : `Samples are kept in memory only: ${info.degraded}`);
  }

  /** The API may have been started anew, or set otherwise on another page; the history grows. */
  function refreshInfo(): void {
    settingsForm.refresh();
    void requestInfo(api).then(
      (fresh) => {
        if (closing.signal.aborted) return;
        info = fresh;
        showInfo();
      },
      () => undefined,
    );
  }

  function showNow(): void {
    const { latest } = samples;
    const ageSeconds = latest === null ? null : (nowMs() - Date.parse(latest.timestamp)) / 1000;
    const isStale =
      ageSeconds !== null && info.intervalSeconds > 0 && ageSeconds > STALE_INTERVALS * info.intervalSeconds;
    // With the collection off, nothing says how long the last sample holds.
    showSample(latest, info, isStale || retryAt !== null || info.intervalSeconds === 0);
    const age = ageSeconds === null ? '' : `, last sample ${formatDuration(ageSeconds)} ago`;
    if (retryAt !== null) {
      const seconds = Math.max(0, Math.ceil((retryAt - performance.now()) / 1000));
      showLive('reconnecting', `Reconnecting in ${seconds} s${isStale ? `: stale${age}` : ''}`);
    } else if (isStale) showLive('stale', `Stale${age}`);
    else showLive('live', info.intervalSeconds === 0 ? 'Connected, collection is off' : 'Live');
  }

  showInfo();
  const settingsForm = new SettingsForm(api, closing.signal, refreshInfo);
  element('zoom-out', HTMLElement).addEventListener('click', zoomOut, { signal: closing.signal });
  draw();
  showNow();
  const clock = setInterval(() => {
    showNow();
    if (document.visibilityState === 'visible') draw();
  }, 1000);
  const infoTimer = setInterval(refreshInfo, INFO_MS);

  const reason = await new Promise<string | null>((resolve) => {
    const stream = new LiveStream(api, () => samples.lastEventId, {
      onConnected: () => {
        retryAt = null;
        brokenSince = null;
        showNow();
        refreshInfo();
      },
      onSample: (sample) => {
        samples.add(sample);
        showNow();
        draw();
      },
      onBroken: (at) => {
        retryAt = at;
        brokenSince ??= nowMs() / 1000;
        showNow();
      },
      onKeyRefused: resolve,
    });
    void stream.follow();
    leaving.addEventListener('abort', () => {
      stream.close();
      resolve(null);
    });
  });
  clearInterval(clock);
  clearInterval(infoTimer);
  closing.abort();
  clearRanges();
  serverCard.close();
  return reason;
}
