import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { EventLog } from '../../events/event-log.js';
import { isLinux } from '../../process/platform.js';
import { Gathering } from '../gathering.js';
import { type TelemetryConfig } from '../telemetry.config.js';
import { DotnetSession } from './dotnet-session.js';
import { dotnetProcess } from './find-runtime.js';
import { type GcCounters, type GcSample } from './gc-meter.js';

/** A pause that is longer is told as an event: people feel it. */
const LONG_PAUSE_MS = 250;

/** What is known of one game. */
interface Followed {
  readonly pid: number;
  readonly session: DotnetSession;
  readonly longPauses: Gathering;
}

/**
 * What the .NET runtime of the game tells of its garbage collections: one session with it, opened at the first sample that
 * meets the game and closed at the first that meets another, or none. On Linux only.
 */
@Injectable()
export class DotnetTelemetry implements OnModuleDestroy {
  private isEnabled: boolean;
  private game: Followed | null = null;
  /** What was counted in the games before this one. */
  private earlier: GcCounters | null = null;
  /** Settles when the sessions of earlier games are closed. */
  private closed: Promise<void> = Promise.resolve();

  constructor(
    config: ConfigService<{ telemetry: TelemetryConfig }, true>,
    private readonly events: EventLog,
  ) {
    this.isEnabled = isLinux && config.get('telemetry.readsDotnet', { infer: true });
  }

  /** What was counted in all games so far; null before the first was heard. It never falls. */
  get counters(): GcCounters | null {
    return sumOf(this.earlier, this.game?.session.counters ?? null);
  }

  /** Managed heap of the game after its last collection, in bytes; null when it is not known. */
  get heapBytes(): number | null {
    return this.game?.session.heapBytes ?? null;
  }

  /**
   * The sample since the last call, which is for the sampler alone; null while nothing is heard of the game that has this
   * pid. It waits for nothing.
   */
  read(gamePid: number | null): GcSample | null {
    this.follow(gamePid);
    return this.game?.session.read(performance.now()) ?? null;
  }

  /** Ends the session in the game as well, also when that goes on. */
  async onModuleDestroy(): Promise<void> {
    this.isEnabled = false;
    this.leave();
    await this.closed;
  }

  private follow(pid: number | null): void {
    if (!this.isEnabled) return;
    if (this.game !== null && this.game.pid === pid && !this.game.session.isOver) return;
    this.leave();
    const target = pid === null ? null : dotnetProcess(pid);
    if (target === null) return;
    const longPauses = new Gathering((count, ms) => {
      this.events.tell('gc_pause', { count, pauseMs: ms ?? 0 });
    });
    const session = new DotnetSession(target, (ms) => {
      if (ms > LONG_PAUSE_MS) longPauses.take(ms);
    });
    session.open();
    this.game = { pid: target.pid, session, longPauses };
  }

  private leave(): void {
    if (this.game === null) return;
    const { session, longPauses } = this.game;
    this.game = null;
    this.earlier = sumOf(this.earlier, session.counters);
    longPauses.close();
    this.closed = Promise.all([this.closed, session.close()]).then(() => undefined);
  }
}

function sumOf(one: GcCounters | null, other: GcCounters | null): GcCounters | null {
  if (one === null || other === null) return one ?? other;
  const [zero, first, second] = one.collections;
  return {
    pauseSeconds: one.pauseSeconds + other.pauseSeconds,
    collections: [zero + other.collections[0], first + other.collections[1], second + other.collections[2]],
  };
}
