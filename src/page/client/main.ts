import { keysFromAddress, keysIn, storedKey, storeKey } from './key.js';
import { askForKey } from './login.js';
import { runSession } from './session.js';

// An address with another key, opened over this page, loads nothing by itself.
addEventListener('hashchange', () => {
  if (keysIn(location.hash).length > 0) location.reload();
});

await run();

/** Session after session, each with the next key that there is, or that is entered. */
async function run(): Promise<never> {
  const stored = storedKey();
  let keys = keysFromAddress();
  if (keys.length === 0 && stored !== null) keys = [stored];
  let reason: string | null = null;
  for (;;) {
    const key: string = keys.shift() ?? (await askForKey(reason));
    storeKey(key);
    reason = await runSession(key);
    storeKey(null);
    if (reason === null) keys = [];
  }
}
