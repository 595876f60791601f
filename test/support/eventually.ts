import { waitFor } from '../../src/testing/wait-for.js';

/** Waits until `check` gives something other than false, null and undefined. */
export async function eventually<T>(
  what: string,
  check: () => T | Promise<T>,
): Promise<Exclude<T, false | null | undefined>> {
  let result: T | undefined;
  await waitFor(async () => {
    result = await check();
    return result !== false && result !== null && result !== undefined;
  }, what);
  return result as Exclude<T, false | null | undefined>;
}
