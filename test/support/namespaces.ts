import { describe } from '@jest/globals';
import { spawnSync } from 'node:child_process';

/** A command in a pid namespace of its own, which ends with it. */
export const UNSHARE = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'] as const;

/** A `describe` for tests that make namespaces; skipped with a visible line where that is not allowed, a failure with CI=true. */
export function describeWithNamespaces(): typeof describe | typeof describe.skip {
  const [program, ...args] = UNSHARE;
  if (spawnSync(program, [...args, 'true']).status === 0) return describe;
  if (process.env.CI === 'true') throw new Error('unshare needs privileges');
  process.stderr.write('SKIPPED: namespaces need privileges (unshare)\n');
  return describe.skip;
}
