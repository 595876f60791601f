import { nowMs } from './clock.js';
import { element, setText } from './dom.js';
import { formatDuration, formatMemory, formatNumber, formatPercent, formatTime } from './format.js';
import { type Info, type Sample } from './wire.js';

const VALUES = ['game-memory', 'api-memory', 'game-cpu', 'api-cpu'];

/** Shows the newest sample; values that are no longer current are struck out. */
export function showSample(sample: Sample | null, info: Info, isOld: boolean): void {
  setText('game-memory', formatMemory(sample?.gameMemoryMb ?? null));
  setText('api-memory', formatMemory(sample?.apiMemoryMb ?? null));
  setText('game-cpu', formatPercent(sample?.gameCpuPercent ?? null));
  setText('api-cpu', formatPercent(sample?.apiCpuPercent ?? null));
  for (const id of VALUES) element(id, HTMLElement).classList.toggle('old', isOld);
  for (const cores of document.querySelectorAll('.cores')) {
    cores.textContent = `of ${info.cores} core${info.cores === 1 ? '' : 's'}`;
  }
  const sampledAtMs = sample === null ? null : Date.parse(sample.timestamp);
  setText('sample-age', sampledAtMs === null ? '–' : `${formatDuration((nowMs() - sampledAtMs) / 1000)} ago`);
  setText('sample-time', sampledAtMs === null ? 'none yet' : formatTime(sampledAtMs));
  setText(
    'sample-interval',
    info.intervalSeconds === 0 ? 'collection is off' : `one every ${formatNumber(info.intervalSeconds)} s`,
  );
}
