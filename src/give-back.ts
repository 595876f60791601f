import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** The start is over by then, that of the history's thread included. */
const AT_REST_MS = 30_000;

/**
 * Has V8 give back to the system, once, what the start alone needed: some 10 MB. By itself V8 does that when nothing
 * happens for a while, and here samples do. It takes about 50 ms.
 */
export function giveBackSoon(): void {
  setTimeout(() => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    setFlagsFromString('--no-expose-gc');
    collect();
  }, AT_REST_MS).unref();
}
