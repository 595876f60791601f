// Tests that need a component of the machine. Used by unit specs and end-to-end tests.
import { describe } from '@jest/globals';
import { existsSync } from 'node:fs';

/**
 * A `describe` for tests that need a real component of the machine. Where the file is missing they are skipped
 * with a visible line; with CI=true its absence is a failure.
 */
export function describeWith(component: string, file: string): typeof describe | typeof describe.skip {
  if (existsSync(file)) return describe;
  const message = `${component} is not installed (${file} is missing)`;
  if (process.env.CI === 'true') throw new Error(message);
  process.stderr.write(`SKIPPED: ${message}\n`);
  return describe.skip;
}
