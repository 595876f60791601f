import { type Api } from './api.js';
import { nowMs } from './clock.js';
import { element, setText } from './dom.js';
import { formatDuration, formatNumber } from './format.js';
import { coveredSeconds, HistoryCharts } from './history-charts.js';
import { requestInfo } from './info.js';
import { showLive } from './live-state.js';
import { type LiveEvent } from './live-event.js';
import { followSamples } from './live.js';
import { clearRanges, showRanges } from './range-buttons.js';
import { showSample } from './sample-cards.js';
import { Samples, toPoint } from './samples.js';
import { ServerCard } from './server-card.js';
import { SettingsForm } from './settings-form.js';
import { requestTail } from './tail.js';

/** After so many intervals without a sample, the last one is no longer current. */
const STALE_INTERVALS = 3;

/** How often the page asks for what changes rarely. */
const INFO_MS = 10_000;

/** Until the page asks again for samples that it did not get. */
const RETRY_MS = 2000;

/**
 * Shows the dashboard until the key is refused, and resolves with the reason, or the user leaves, and resolves with null.
 * Rejects when the API cannot be asked.
 */
export async function showDashboard(api: Api, leaving: AbortSignal): Promise<string | null> {
  let info = await requestInfo(api);
  leaving.throwIfAborted();

  element('dashboard', HTMLElement).hidden = false;
  const closing = new AbortController();
  const samples = new Samples();
  let connection: 'connecting' | 'connected' | { readonly retryAt: number } = 'connecting';
  let connectedAt = 0;
  /** Of the requests for the state of the game server. */
  let isAnswering = true;
  let completeUntil: number | null = nowMs() / 1000;
  let tailRequests = 0;

  const charts = new HistoryCharts(api, () => ({ info, samples, completeUntil }), closing.signal);
  const serverCard = new ServerCard(api, (answers) => {
    isAnswering = answers;
    showNow();
  });
  const settingsForm = new SettingsForm(api, closing.signal, refreshInfo);

  function showInfo(): void {
    showRanges(coveredSeconds(info), charts.zoomOut);
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
    const ageSeconds = latest === null ? null : nowMs() / 1000 - latest.time;
    const waitedSeconds = ageSeconds ?? (performance.now() - connectedAt) / 1000;
    const isStale = info.intervalSeconds > 0 && waitedSeconds > STALE_INTERVALS * info.intervalSeconds;
    // With the collection off, nothing says how long the last sample holds.
    showSample(latest, info, isStale || connection !== 'connected' || info.intervalSeconds === 0);
    const age = ageSeconds === null ? ', no sample yet' : `, last sample ${formatDuration(ageSeconds)} ago`;
    if (connection === 'connecting') showLive('connecting', 'Connecting…');
    else if (connection !== 'connected') {
      const seconds = Math.max(0, Math.ceil((connection.retryAt - performance.now()) / 1000));
      showLive('reconnecting', `Reconnecting in ${formatNumber(seconds)} s${isStale ? `: stale${age}` : ''}`);
    } else if (isStale) showLive('stale', `Stale${age}`);
    else if (!isAnswering) showLive('stale', `The API does not answer${age}`);
    else showLive('live', info.intervalSeconds === 0 ? 'Connected, collection is off' : 'Live');
  }

  /** Asks for what came before the page was connected, until it is answered or out of date. */
  async function loadTail(): Promise<void> {
    const request = ++tailRequests;
    const isCurrent = () => request === tailRequests && !closing.signal.aborted;
    samples.connected();
    while (isCurrent()) {
      const tail = await requestTail(api, info).catch(() => null);
      if (!isCurrent()) return;
      if (tail !== null) {
        samples.replace(tail.points, tail.areAll);
        completeUntil = null;
        showNow();
        charts.reload();
        return;
      }
      await new Promise((done) => setTimeout(done, RETRY_MS));
    }
  }

  showInfo();
  showNow();
  const clock = setInterval(() => {
    showNow();
    charts.draw();
  }, 1000);
  const infoTimer = setInterval(() => {
    if (document.visibilityState === 'visible') refreshInfo();
  }, INFO_MS);

  const reason = await new Promise<string | null>((resolve) => {
    function hear(event: LiveEvent): void {
      switch (event.type) {
        case 'connected':
          connection = 'connected';
          connectedAt = performance.now();
          void loadTail();
          refreshInfo();
          break;
        case 'sample':
          samples.add(toPoint(event.sample));
          charts.draw();
          break;
        case 'broken':
          connection = { retryAt: performance.now() + event.retryInMs };
          completeUntil ??= nowMs() / 1000;
          tailRequests++;
          break;
        case 'refused':
          resolve(event.reason);
          return;
        case 'alive':
          return;
      }
      showNow();
    }
    followSamples(api, hear, closing.signal);
    leaving.addEventListener('abort', () => {
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
