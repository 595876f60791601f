import { Injectable, Logger } from '@nestjs/common';
import { CpuMeter } from './cpu-meter.js';
import { PROCESS_STARTED_AT_MS, steadyNowMs } from '../process/clock.js';
import { type ProcessCounters, ProcessReader } from '../process/process-reader.js';

const BYTES_PER_MB = 1024 * 1024;
/** Younger, a process has run for so few clock ticks that its average is mostly rounding. */
const MIN_AGE_MS = 200;

/** Memory (MiB) and CPU (percent of one core) of one process. */
export interface ProcessUsage {
  readonly memoryMb: number;
  readonly cpuPercent: number;
}

/** Usage of the game server, with the raw values that exporters want. */
export interface GameUsage {
  readonly pid: number;
  readonly memoryMb: number;
  /** Null for a process so young that its average would be mostly rounding. */
  readonly cpuPercent: number | null;
  /** Fixed at the first reading, by the wall clock of that moment. */
  readonly startedAt: Date;
  /** Resident memory. */
  readonly rssBytes: number;
  /** Threads of the whole tree; null where the engine does not tell. */
  readonly threadCount: number | null;
}

interface TrackedProcess {
  readonly pid: number;
  readonly startedAt: Date;
  readonly meter: CpuMeter;
  cpuMs: number;
  lastSeenAtMs: number;
}

/**
 * Turns counters into usage. It alone holds the baselines, so nobody who reads the results can change them;
 * all times are of the steady clock, so a jump of the wall clock changes no percentage.
 */
@Injectable()
export class ProcessSampler {
  private readonly logger = new Logger(ProcessSampler.name);
  private readonly ownMeter = new CpuMeter(PROCESS_STARTED_AT_MS);
  private game: TrackedProcess | null = null;
  private gameCpuMs = 0;
  private gamesSeen = 0;
  private unmeasuredPid: number | null = null;
  private isYoung = false;

  constructor(private readonly reader: ProcessReader) {}

  /** CPU time of all game processes seen so far, in ms; never falls, also when the game restarts. */
  get gameCpuTotalMs(): number {
    return this.gameCpuMs;
  }

  /** Whether the game of the last sample was too young to be measured in full. */
  get isGameYoung(): boolean {
    return this.isYoung;
  }

  /** How often a game process took the place of another. */
  get gameRestarts(): number {
    return Math.max(0, this.gamesSeen - 1);
  }

  /** This process; its CPU time as Node counts it: no thread pool, every platform, to the microsecond. */
  sampleOwn(): ProcessUsage {
    const { user, system } = process.cpuUsage();
    return {
      memoryMb: this.reader.ownRssBytes() / BYTES_PER_MB,
      cpuPercent: this.ownMeter.percent(steadyNowMs(), (user + system) / 1000),
    };
  }

  /** The game server; null when `pid` is, and when that process is gone, a zombie or unreadable. */
  async sampleGame(pid: number | null): Promise<GameUsage | null> {
    this.isYoung = false;
    if (pid === null) {
      // The process stays tracked: should the same one come back, its CPU time must not count twice.
      this.unmeasuredPid = null;
      return null;
    }
    const counters = await this.readGame(pid);
    if (counters === null) return null;
    // Not the time now: this may go on a while after the reading, when something holds the event loop.
    const { readAtMs } = counters;
    this.isYoung = readAtMs - counters.startedAtMs < MIN_AGE_MS;
    // It may have been charged with no memory yet.
    if (this.isYoung && counters.rssBytes === 0) return null;

    const game = this.track(pid, counters);
    this.gameCpuMs += counters.cpuMs - game.cpuMs;
    game.cpuMs = counters.cpuMs;
    game.lastSeenAtMs = readAtMs;
    return {
      pid,
      startedAt: game.startedAt,
      rssBytes: counters.rssBytes,
      threadCount: counters.threadCount,
      memoryMb: counters.rssBytes / BYTES_PER_MB,
      cpuPercent: this.isYoung ? null : game.meter.percent(readAtMs, counters.cpuMs),
    };
  }

  /** The process tracked so far, or a new one when these counters cannot be the same process's. */
  private track(pid: number, counters: ProcessCounters): TrackedProcess {
    const { game } = this;
    // Start times jitter by a clock tick, and more when a read was slow. What tells a successor for certain: it
    // started after the process before it was last seen.
    const isSame =
      game !== null &&
      game.pid === pid &&
      counters.startedAtMs <= game.lastSeenAtMs &&
      counters.cpuMs >= game.cpuMs;
    if (isSame) return game;
    this.logger.log(`Measuring the game server, pid ${pid}`);
    this.gamesSeen += 1;
    const startedAt = new Date(Date.now() - (steadyNowMs() - counters.startedAtMs));
    this.game = { pid, startedAt, meter: new CpuMeter(counters.startedAtMs), cpuMs: 0, lastSeenAtMs: 0 };
    return this.game;
  }

  private async readGame(pid: number): Promise<ProcessCounters | null> {
    let reason = 'it is gone or a zombie';
    const counters = await this.reader.read(pid).catch((error: unknown) => {
      reason = (error as Error).message;
      return null;
    });
    if (counters !== null) {
      if (this.unmeasuredPid === pid) this.logger.log(`The game server, pid ${pid}, can be measured again`);
      this.unmeasuredPid = null;
    } else if (this.unmeasuredPid !== pid) {
      this.logger.warn(`The game server, pid ${pid}, cannot be measured: ${reason}`);
      this.unmeasuredPid = pid;
    }
    return counters;
  }
}
