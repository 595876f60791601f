const STORE = 'vintagestory-metrics-key';

/** Takes the key out of the address (`#key=…`, which no server ever sees) and out of the address bar. */
export function keyFromAddress(): string | null {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const key = fragment.get('key');
  if (key === null) return null;
  history.replaceState(null, '', location.pathname + location.search);
  return key;
}

/** The key of this browser session, or null. */
export function storedKey(): string | null {
  return sessionStorage.getItem(STORE);
}

/** Keeps the key until the browser session ends; null forgets it. */
export function storeKey(key: string | null): void {
  if (key === null) sessionStorage.removeItem(STORE);
  else sessionStorage.setItem(STORE, key);
}
