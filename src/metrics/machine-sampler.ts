import { type Machine } from '../process/machine.js';
import { CpuMeter } from './cpu-meter.js';

const BYTES_PER_MB = 1024 * 1024;
/** In less time the clock ticks in which the kernel counts say nothing. */
const MIN_SPAN_MS = 200;

/** Memory (MiB) and CPU (percent of one core, all CPUs together) of the machine; null when they are not known. */
export interface MachineUsage {
  readonly cpuPercent: number | null;
  readonly memoryAvailableMb: number | null;
}

/**
 * Turns the machine's counters into usage, and holds the baseline. The first is of when this was made: what the machine did
 * before that is not looked at.
 */
export class MachineSampler {
  private baseline: Baseline | null = null;

  constructor(private readonly machine: Machine) {
    this.sample();
  }

  sample(): MachineUsage {
    const counters = this.machine.read();
    if (counters === null) return { cpuPercent: null, memoryAvailableMb: null };
    const { cpuMs, readAtMs, memoryAvailableBytes } = counters;
    this.baseline ??= { cpuMs, readAtMs, meter: new CpuMeter(readAtMs) };
    const { baseline } = this;
    const isTooSoon = readAtMs - baseline.readAtMs < MIN_SPAN_MS;
    return {
      cpuPercent: isTooSoon ? null : baseline.meter.percent(readAtMs, cpuMs - baseline.cpuMs),
      memoryAvailableMb: memoryAvailableBytes / BYTES_PER_MB,
    };
  }
}

/** The first reading, from which on is counted. */
interface Baseline {
  readonly cpuMs: number;
  readonly readAtMs: number;
  readonly meter: CpuMeter;
}
