import { totalmem } from 'node:os';
import { steadyNowMs } from '../clock.js';
import { Machine, type MachineCounters } from '../machine.js';
import { FileHead } from './file-head.js';
import { MemoryRoom } from './memory-room.js';
import { TICK_MS } from './proc-stat.js';

const KIB = 1024;

/** The machine from Linux's /proc (proc(5)); what a container may use of its memory is less, if that is limited. */
export class LinuxMachine extends Machine {
  private readonly stat = new FileHead('/proc/stat');
  private readonly meminfo = new FileHead('/proc/meminfo');
  private readonly room = new MemoryRoom();
  private readonly totalBytes = totalmem();

  override read(): MachineCounters | null {
    try {
      const cpuMs = busyMs(this.stat.read());
      const readAtMs = steadyNowMs();
      const machineBytes = availableBytes(this.meminfo.read());
      if (cpuMs === null || machineBytes === null) return null;
      const memoryAvailableBytes = Math.min(machineBytes, this.room.roomBytes(this.totalBytes));
      return { cpuMs, memoryAvailableBytes, readAtMs };
    } catch {
      // No free descriptor, or a sandbox without these files.
      return null;
    }
  }

  override close(): void {
    this.stat.close();
    this.meminfo.close();
    this.room.close();
  }
}

/** From the beginning of `/proc/stat`; null when it says something else. */
export function busyMs(stat: string): number | null {
  if (!stat.startsWith('cpu ')) return null;
  // Guests are in user and nice.
  const [user, nice, system, , , irq, softirq, steal = 0] = stat
    .slice(4, stat.indexOf('\n'))
    .trim()
    .split(' ')
    .map(Number);
  const ticks = Number(user) + Number(nice) + Number(system) + Number(irq) + Number(softirq) + steal;
  return Number.isFinite(ticks) ? ticks * TICK_MS : null;
}

/** From the beginning of `/proc/meminfo`; null when it is not told (before Linux 3.14). */
export function availableBytes(meminfo: string): number | null {
  const at = meminfo.indexOf('MemAvailable:');
  if (at === -1) return null;
  const kib = Number.parseInt(meminfo.slice(at + 13, at + 40), 10);
  return Number.isNaN(kib) ? null : kib * KIB;
}
