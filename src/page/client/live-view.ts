import { element, setText } from './dom.js';
import { formatDuration, formatNumber } from './format.js';
import { type MakeView } from './view.js';

/** Says in the head of the page how the connection is; the state gives the colour. */
export function showLive(state: 'connecting' | 'live' | 'stale' | 'reconnecting', text: string): void {
  element('live', HTMLElement).dataset.state = state;
  setText('live', text);
}

/** Whether what is shown is of now: the connection, and the age of the last sample when it is not. */
export const liveView: MakeView =
  ({ state }) =>
  () => {
    const { connection, ageSeconds, isStale, isAnswering, info } = state;
    const age = ageSeconds === null ? ', no sample yet' : `, last sample ${formatDuration(ageSeconds)} ago`;
    if (connection === 'connecting') showLive('connecting', 'Connecting…');
    else if (connection !== 'connected') {
      const seconds = Math.max(0, Math.ceil((connection.retryAt - performance.now()) / 1000));
      showLive('reconnecting', `Reconnecting in ${formatNumber(seconds)} s${isStale ? `: stale${age}` : ''}`);
    } else if (isStale) showLive('stale', `Stale${age}`);
    else if (!isAnswering) showLive('stale', `The API does not answer${age}`);
    else showLive('live', info.intervalSeconds === 0 ? 'Connected, collection is off' : 'Live');
  };
