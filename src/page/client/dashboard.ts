import { type Api } from './api.js';
import { Clock } from './clock.js';
import { element } from './dom.js';
import { feed } from './feed.js';
import { requestInfo } from './info.js';
import { State } from './state.js';
import { type View } from './view.js';
import { VIEWS } from './views.js';

/** How often the page asks for what changes rarely. */
const INFO_MS = 10_000;

/**
 * Shows the dashboard until the key is refused, and resolves with the reason, or the user leaves, and resolves with null.
 * Rejects when the API cannot be asked.
 */
export async function showDashboard(api: Api, leaving: AbortSignal): Promise<string | null> {
  const clock = new Clock();
  const info = await requestInfo(api, clock);
  leaving.throwIfAborted();

  element('dashboard', HTMLElement).hidden = false;
  const closing = new AbortController();
  const views: View[] = [];
  const state = new State(info, clock, (change) => {
    for (const view of views) view(change);
  });
  /** The API may have been started anew, or set otherwise on another page; the history grows. */
  const refreshInfo = () => {
    void requestInfo(api, clock).then(
      (fresh) => {
        if (!closing.signal.aborted) state.setInfo(fresh);
      },
      () => undefined,
    );
  };
  views.push(...VIEWS.map((make) => make({ api, state, refreshInfo, closing: closing.signal })));
  for (const view of views) view('start');

  const seconds = setInterval(() => {
    state.passSecond();
  }, 1000);
  const refreshes = setInterval(() => {
    if (document.visibilityState === 'visible') refreshInfo();
  }, INFO_MS);
  const left = new Promise<null>((resolve) => {
    leaving.addEventListener('abort', () => {
      resolve(null);
    });
  });
  const reason = await Promise.race([left, feed(api, state, closing.signal, refreshInfo)]);
  clearInterval(seconds);
  clearInterval(refreshes);
  closing.abort();
  return reason;
}
