import { Api, ApiError } from './api.js';
import { showDashboard } from './dashboard.js';
import { element } from './dom.js';
import { showLive } from './live-view.js';

const RETRY_MS = 2000;

/** Shows the dashboard until the key is refused or the user logs out; resolves with the reason, null for the latter. */
export async function runSession(key: string): Promise<string | null> {
  const leaving = new AbortController();
  const logout = element('logout', HTMLButtonElement);
  // From the start: a key that was typed wrong must not keep anybody while the API does not answer.
  logout.hidden = false;
  const left = new Promise<null>((resolve) => {
    leaving.signal.addEventListener('abort', () => {
      resolve(null);
    });
  });
  const leave = () => {
    leaving.abort();
  };
  logout.addEventListener('click', leave);
  const reason = await Promise.race([left, stay(new Api(key), leaving.signal)]);
  logout.removeEventListener('click', leave);
  showLive('connecting', 'Not logged in');
  return reason;
}

/** Comes back to an API that does not answer yet, since the key may be good. */
async function stay(api: Api, leaving: AbortSignal): Promise<string | null> {
  for (;;) {
    try {
      leaving.throwIfAborted();
      return await showDashboard(api, leaving);
    } catch (error) {
      if (leaving.aborted) return null;
      if (error instanceof ApiError && error.isKeyRefused) return error.message;
      showLive('reconnecting', error instanceof Error ? error.message : String(error));
      await new Promise((done) => setTimeout(done, RETRY_MS));
    }
  }
}
