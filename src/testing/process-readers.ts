import { LinuxReader } from '../process/linux/linux-reader.js';
import { PidusageReader } from '../process/pidusage-reader.js';
import { type ProcessCounters, type ProcessReader } from '../process/process-reader.js';

/** Both readers, by name, for the unit specs that hold them to one contract. */
export const READERS = [
  ['native', () => new LinuxReader()],
  ['pidusage', () => new PidusageReader()],
] as const;

/** The counters of a process that is there. */
export async function countersOf(reader: ProcessReader, pid: number): Promise<ProcessCounters> {
  const counters = await reader.read(pid);
  if (counters === null) throw new Error(`process ${pid} is not there`);
  return counters;
}
