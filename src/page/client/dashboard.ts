import { type Api } from './api.js';
import { Chart } from './chart.js';
import { element, setText } from './dom.js';
import { formatDuration, formatMemory, formatPercent } from './format.js';
import { LiveStream } from './live-stream.js';
import { showRanges } from './range-buttons.js';
import { wantedRange, offeredRanges } from './ranges.js';
import { showSample } from './sample-cards.js';
import { Samples } from './samples.js';
import { toSeries } from './series.js';
import { ServerCard } from './server-card.js';
import { type Info, type Sample } from './wire.js';

/** After so many intervals without a sample, the last one is no longer current. */
const STALE_INTERVALS = 3;

let charts: { memory: Chart; cpu: Chart } | null = null;

/** Shows the dashboard until the key is refused or the user logs out; resolves with the reason. */
export async function showDashboard(api: Api): Promise<string | null> {
  let info = await api.request<Info>('metrics/info');
  const samples = new Samples(info.capacity);
  const { metrics } = await api.request<{ metrics: Sample[] }>('metrics/history');
  for (const sample of metrics) samples.add(sample);

  element('dashboard', HTMLElement).hidden = false;
  element('logout', HTMLElement).hidden = false;
  charts ??= {
    memory: new Chart(element('memory-chart', HTMLElement), 'Memory', formatMemory),
    cpu: new Chart(element('cpu-chart', HTMLElement), 'CPU', formatPercent),
  };
  const { memory, cpu } = charts;
  const serverCard = new ServerCard(api);
  let retryAtMs: number | null = null;

  const coveredSeconds = () => info.capacity * info.intervalSeconds;

  function draw(): void {
    const range = wantedRange(location.search, offeredRanges(coveredSeconds()));
    const firstMs = Date.parse(samples.all[0]?.timestamp ?? new Date().toISOString());
    const to = Date.now() / 1000;
    const from = range.seconds === null ? firstMs / 1000 : to - range.seconds;
    const shown = samples.all.filter(({ timestamp }) => Date.parse(timestamp) / 1000 >= from);
    memory.draw(toSeries(shown, info.intervalSeconds, 'apiMemoryMb', 'gameMemoryMb'), from, to);
    cpu.draw(toSeries(shown, info.intervalSeconds, 'apiCpuPercent', 'gameCpuPercent'), from, to);
  }

  function showNow(): void {
    const { latest } = samples;
    const ageSeconds = latest === null ? null : (Date.now() - Date.parse(latest.timestamp)) / 1000;
    const isStale =
      ageSeconds !== null && info.intervalSeconds > 0 && ageSeconds > STALE_INTERVALS * info.intervalSeconds;
    showSample(latest, info, isStale || retryAtMs !== null);
    const age = ageSeconds === null ? '' : `, last sample ${formatDuration(ageSeconds)} ago`;
    if (retryAtMs !== null) {
      const seconds = Math.max(0, Math.ceil((retryAtMs - Date.now()) / 1000));
      setLive('reconnecting', `Reconnecting in ${seconds} s${isStale ? `: stale${age}` : ''}`);
    } else if (isStale) setLive('stale', `Stale${age}`);
    else setLive('live', info.intervalSeconds === 0 ? 'Connected, collection is off' : 'Live');
  }

  showRanges(coveredSeconds(), draw);
  draw();
  showNow();
  const clock = setInterval(() => {
    showNow();
    if (document.visibilityState === 'visible') draw();
  }, 1000);

  const reason = await new Promise<string | null>((resolve) => {
    const stream = new LiveStream(api, () => samples.lastEventId, {
      onConnected: () => {
        retryAtMs = null;
        showNow();
        // The API may have been started anew, with other settings.
        void api.request<Info>('metrics/info').then(
          (fresh) => {
            info = fresh;
            showRanges(coveredSeconds(), draw);
          },
          () => undefined,
        );
      },
      onSample: (sample) => {
        samples.add(sample);
        showNow();
        draw();
      },
      onBroken: (at) => {
        retryAtMs = at;
        showNow();
      },
      onKeyRefused: resolve,
    });
    void stream.follow();
    element('logout', HTMLButtonElement).addEventListener(
      'click',
      () => {
        stream.close();
        resolve(null);
      },
      { once: true },
    );
  });
  clearInterval(clock);
  serverCard.close();
  setLive('connecting', 'Not logged in');
  return reason;
}

function setLive(state: string, text: string): void {
  element('live', HTMLElement).dataset.state = state;
  setText('live', text);
}
