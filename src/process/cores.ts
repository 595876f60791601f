import { availableParallelism } from 'node:os';
import { steadyNowMs } from './clock.js';
import { usableCores } from './linux/usable-cores.js';
import { isLinux } from './platform.js';

/** Who may use how many cores changes rarely. */
const MAX_AGE_MS = 10_000;

let known = { pid: 0, cores: 0, atMs: -Infinity };

/** How many cores a process may use, to two decimals (a container may have half a one); up to 10 s old. */
export function coresOf(pid: number): number {
  const nowMs = steadyNowMs();
  if (known.pid !== pid || nowMs - known.atMs >= MAX_AGE_MS) known = { pid, cores: read(pid), atMs: nowMs };
  return known.cores;
}

function read(pid: number): number {
  if (!isLinux) return availableParallelism();
  try {
    return Math.max(0.01, Math.round(usableCores(pid) * 100) / 100);
  } catch {
    // It has ended, or may not be seen.
    return availableParallelism();
  }
}
