import { steadyNowMs } from '../process/clock.js';
import { isGroupAlive } from '../process/process-group.js';
import { lookAt, processAgeMs } from '../process/process-identity.js';
import { type ProcessExit, RunningGame } from './running-game.js';

const POLL_MS = 500;

/**
 * A game that an earlier run of this program started and that outlived it. It is nobody's child any more: its end
 * is seen by looking, its exit code is never known, and no console leads to it.
 */
export class AdoptedProcess extends RunningGame {
  override readonly exited: Promise<ProcessExit>;
  override readonly output$ = null;
  private readonly adoptedAtMs = steadyNowMs();
  private readonly ageMs: number | null;
  private hasEnded = false;

  /** `identity` is the process's, see `ProcessLook`. */
  constructor(
    override readonly pid: number,
    private readonly identity: string,
  ) {
    super();
    this.ageMs = processAgeMs(pid);
    this.exited = new Promise((resolve) => {
      const timer = setInterval(() => {
        if (this.isRunning) return;
        clearInterval(timer);
        resolve({ code: null, signal: null });
      }, POLL_MS).unref();
    });
  }

  override get uptimeSeconds(): number | null {
    if (this.ageMs === null) return null;
    return Math.floor((this.ageMs + steadyNowMs() - this.adoptedAtMs) / 1000);
  }

  override get isRunning(): boolean {
    if (this.hasEnded) return false;
    const look = lookAt(this.pid);
    // One that cannot be seen for the moment is not known to have ended.
    this.hasEnded = look.state === 'gone' || (look.state === 'alive' && look.identity !== this.identity);
    return !this.hasEnded;
  }

  override get isAlive(): boolean {
    // A pid that was given out again is proof that nothing of the group is left.
    return this.isRunning || (lookAt(this.pid).state !== 'alive' && isGroupAlive(this.pid));
  }

  override outputTail(): string[] {
    return [];
  }

  override sendCommand(): boolean {
    return false;
  }
}
