import { type DiskRoom } from '../process/disk-room.js';
import { type Machine, type MachineCounters } from '../process/machine.js';
import { CpuMeter } from './cpu-meter.js';

const BYTES_PER_MB = 1024 * 1024;
/** In less time the clock ticks in which the kernel counts say nothing. */
const MIN_SPAN_MS = 200;

/** Memory and disk (MiB) and CPU (percent of one core, all CPUs together) of the machine; null when they are not known. */
export interface MachineUsage {
  readonly cpuPercent: number | null;
  readonly memoryAvailableMb: number | null;
  readonly diskFreeMb: number | null;
  /** The counters themselves, which exporters want. */
  readonly counters: MachineCounters | null;
  readonly diskFreeBytes: number | null;
}

const NOTHING: MachineUsage = {
  cpuPercent: null,
  memoryAvailableMb: null,
  diskFreeMb: null,
  counters: null,
  diskFreeBytes: null,
};

/**
 * Turns the machine's counters into usage, and holds the baseline. The first is of when this was made: what the machine did
 * before that is not looked at.
 */
export class MachineSampler {
  private baseline: Baseline | null = null;
  private usage = NOTHING;
  private isClosed = false;

  /** `disk` is the one whose room matters; null: none. */
  constructor(
    private readonly machine: Machine,
    private readonly disk: DiskRoom | null,
  ) {
    this.sample();
  }

  /** As of the newest sample. */
  get latest(): MachineUsage {
    return this.usage;
  }

  sample(): MachineUsage {
    if (!this.isClosed) this.usage = this.read();
    return this.usage;
  }

  /** Lets go of what it keeps open; nothing is known any more. */
  close(): void {
    this.isClosed = true;
    this.usage = NOTHING;
    this.machine.close();
  }

  private read(): MachineUsage {
    const diskFreeBytes = this.disk?.freeBytes() ?? null;
    const disk = { diskFreeBytes, diskFreeMb: diskFreeBytes === null ? null : diskFreeBytes / BYTES_PER_MB };
    const counters = this.machine.read();
    if (counters === null) return { ...NOTHING, ...disk };
    const memoryAvailableMb = counters.memoryAvailableBytes / BYTES_PER_MB;
    return { cpuPercent: this.cpuPercent(counters), memoryAvailableMb, counters, ...disk };
  }

  private cpuPercent({ cpuMs, readAtMs }: MachineCounters): number | null {
    this.baseline ??= { cpuMs, readAtMs, meter: new CpuMeter(readAtMs) };
    const { baseline } = this;
    if (readAtMs - baseline.readAtMs < MIN_SPAN_MS) return null;
    return baseline.meter.percent(readAtMs, cpuMs - baseline.cpuMs);
  }
}

/** The first reading, from which on is counted. */
interface Baseline {
  readonly cpuMs: number;
  readonly readAtMs: number;
  readonly meter: CpuMeter;
}
