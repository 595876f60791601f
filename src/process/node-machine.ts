import { cpus, freemem } from 'node:os';
import { steadyNowMs } from './clock.js';
import { Machine, type MachineCounters } from './machine.js';

/** The machine as Node tells it, on every platform; memory that the system uses as a cache may count as used. */
export class NodeMachine extends Machine {
  override read(): MachineCounters | null {
    const all = cpus();
    // Node has nothing to tell where it may not look.
    if (all.length === 0) return null;
    const cpuMs = all.reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
    return { cpuMs, memoryAvailableBytes: freemem(), readAtMs: steadyNowMs() };
  }

  override close(): void {
    // Nothing is open.
  }
}
