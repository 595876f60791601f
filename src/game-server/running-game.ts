import { Logger } from '@nestjs/common';
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import { type Observable } from 'rxjs';
import { steadyNowMs } from '../process/clock.js';
import { isGroupAlive, signalGroup } from '../process/process-group.js';

const GROUP_POLL_MS = 50;
/** How long the kernel may take to remove a group after SIGKILL. */
const KILL_WAIT_MS = 5_000;

/** How a process ended: one of the two is null, or both when nobody could tell. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A game that was started, as the leader of a process group of its own, and how all of it is ended. */
export abstract class RunningGame {
  private readonly logger = new Logger(RunningGame.name);
  private readonly sent = new Set<NodeJS.Signals>();
  abstract readonly pid: number;
  /** Resolves when the command itself has ended; its children may still run. */
  abstract readonly exited: Promise<ProcessExit>;
  /** Whole seconds since the command was started; null where that cannot be known. */
  abstract readonly uptimeSeconds: number | null;
  /** False once the command itself has ended. */
  abstract readonly isRunning: boolean;

  /** The last lines that it wrote, oldest first. */
  abstract outputTail(): string[];

  /** Its standard output in pieces, until the run is over; null when it is not ours to read. */
  abstract readonly output$: Observable<Buffer> | null;

  /** Writes a line to its console; false when we have none. */
  abstract sendCommand(line: string): boolean;

  /** True until the command and all of its group have ended. */
  get isAlive(): boolean {
    return this.isRunning || isGroupAlive(this.pid);
  }

  /**
   * Ends the whole group: the console command (unless empty), SIGTERM, SIGKILL, each when the one before has
   * had no effect for `timeoutMs`. Resolves when nothing is left, with whether it took SIGKILL; rejects when we may not
   * signal it, or when it outlives even that.
   */
  async end(stopCommand: string, timeoutMs: number): Promise<boolean> {
    if (stopCommand !== '' && this.isRunning && this.sendCommand(stopCommand)) {
      if (await this.endsWithin(timeoutMs)) return false;
      this.warn(`${timeoutMs / 1000} s after ${stopCommand}: sending SIGTERM`);
    }
    if (!this.isAlive) return false;
    this.signal('SIGTERM');
    if (await this.endsWithin(timeoutMs)) return false;
    this.warn(`${timeoutMs / 1000} s after SIGTERM: sending SIGKILL`);
    this.signal('SIGKILL');
    if (!(await this.endsWithin(KILL_WAIT_MS))) throw new Error('SIGKILL has no effect');
    return true;
  }

  /** Whether this was sent to it by {@link end}. */
  wasSent(signal: NodeJS.Signals): boolean {
    return this.sent.has(signal);
  }

  /** Resolves when the command and all of its group have ended, by whatever means. */
  async ended(): Promise<void> {
    await this.exited;
    while (this.isAlive) await delay(GROUP_POLL_MS, undefined, { ref: false });
  }

  private signal(signal: NodeJS.Signals): void {
    this.sent.add(signal);
    signalGroup(this.pid, signal);
  }

  private warn(what: string): void {
    this.logger.warn(`The game server, pid ${this.pid}, has not ended ${what}`);
  }

  private async endsWithin(timeoutMs: number): Promise<boolean> {
    const deadlineMs = steadyNowMs() + timeoutMs;
    while (this.isAlive) {
      const leftMs = deadlineMs - steadyNowMs();
      if (leftMs <= 0) return false;
      await (this.isRunning ? this.exitOr(leftMs) : delay(Math.min(GROUP_POLL_MS, leftMs)));
    }
    return true;
  }

  private async exitOr(timeoutMs: number): Promise<void> {
    const timeout = new AbortController();
    const elapsed = delay(timeoutMs, undefined, { signal: timeout.signal }).catch(() => undefined);
    await Promise.race([this.exited, elapsed]);
    timeout.abort();
    // If we were held up for all that time, an end that has come is still to be heard of.
    if (this.isRunning) await turn();
  }
}
