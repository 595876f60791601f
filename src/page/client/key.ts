import { KEY_PATTERN } from '../../http/contract.js';

const STORE = 'vintagestory-metrics-key';
const PREFIX = '#key=';

/** Takes the key out of the address (`#key=…`, which no server ever sees) and out of the address bar. */
export function keysFromAddress(): string[] {
  const keys = keysIn(location.hash);
  if (keys.length > 0) history.replaceState(null, '', location.pathname + location.search);
  return keys;
}

/**
 * What the key of a fragment may be, the likeliest first: as it stands, which is how the API prints it; without what
 * a browser encodes by itself; decoded, because whoever passed the address on may have encoded it. None: no key.
 */
export function keysIn(fragment: string): string[] {
  if (!fragment.startsWith(PREFIX)) return [];
  const raw = fragment.slice(PREFIX.length);
  return [...new Set([raw, decoded(raw, /%(22|3C|3E|60)/g), decoded(raw, /%([2-7][\da-f])/gi)])];
}

/** Whether this can be a key at all. */
export function isKey(text: string): boolean {
  return KEY_PATTERN.test(text);
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

function decoded(text: string, encoded: RegExp): string {
  return text.replace(encoded, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}
