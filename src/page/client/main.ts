import { Api, ApiError } from './api.js';
import { showDashboard } from './dashboard.js';
import { setText } from './dom.js';
import { keyFromAddress, storedKey, storeKey } from './key.js';
import { askForKey } from './login.js';

const RETRY_MS = 2000;

let key = keyFromAddress() ?? storedKey();
let reason: string | null = null;
for (;;) {
  key ??= await askForKey(reason);
  storeKey(key);
  try {
    reason = await showDashboard(new Api(key));
    key = null;
  } catch (error) {
    if (error instanceof ApiError && error.isKeyRefused) {
      reason = error.message;
      key = null;
    } else {
      // The key may be good: the API does not answer yet.
      setText('live', error instanceof Error ? error.message : String(error));
      await new Promise((done) => setTimeout(done, RETRY_MS));
    }
  }
  if (key === null) storeKey(null);
}
