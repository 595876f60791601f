import { keysFromAddress, keysIn, storedKey, storeKey } from './key.js';
import { askForKey } from './login.js';
import { runSession } from './session.js';

// An address with another key, opened over this page, loads nothing by itself.
addEventListener('hashchange', () => {
  if (keysIn(location.hash).length > 0) location.reload();
});

let keys = keysFromAddress();
const stored = storedKey();
if (keys.length === 0 && stored !== null) keys = [stored];
let reason: string | null = null;
for (;;) {
  const key: string = keys.shift() ?? (await askForKey(reason));
  storeKey(key);
  reason = await runSession(key);
  storeKey(null);
  if (reason === null) keys = [];
}
