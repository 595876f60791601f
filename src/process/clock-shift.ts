import { statSync } from 'node:fs';
import { processAgeMs } from './process-identity.js';

/**
 * By how many ms the system clock was set forward since the machine (in a container: the container) started, as far as
 * can be told; negative: back. Its first process and the mount of /proc are of the same moment: the age of the one is
 * counted by a clock that never jumps, the other bears the time that the system clock showed then. Null where
 * this cannot be read (other systems, `hidepid`).
 */
export function clockShiftMs(): number | null {
  const ageMs = processAgeMs(1);
  if (ageMs === null) return null;
  try {
    return Date.now() - ageMs - statSync('/proc').mtimeMs;
  } catch {
    return null;
  }
}
