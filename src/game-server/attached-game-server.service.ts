import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { EventLog } from '../events/event-log.js';
import { type CgroupWatch } from '../process/linux/cgroup-watch.js';
import { steadyNowMs } from '../process/clock.js';
import { type GameEnds } from './game-ends.js';
import { GameServerStateError } from './game-server-errors.js';
import { GameServer } from './game-server.js';
import { PidFile } from './pid-file.js';
import { isLinux } from '../process/platform.js';
import { lookAt, processAgeMs, processExists } from '../process/process-identity.js';
import { type GameServerConfig } from './game-server.config.js';
import { type GameServerStatus } from './game-server-status.js';

const LOOK_EVERY_MS = 1000;

/** One run of the game, from the moment at which it was first seen. */
interface SeenRun {
  readonly pid: number;
  /** Null where that cannot be seen. */
  readonly identity: string | null;
  /** Null likewise; `sinceMs` is when it was asked. */
  readonly ageMs: number | null;
  readonly sinceMs: number;
  readonly watch: CgroupWatch;
}

/**
 * A game server that something else runs (systemd, screen, another container): we look at it and leave it alone. How one
 * ended is never known for certain; it is told as a crash when the kernel, or the game's own log, says so.
 */
@Injectable()
export class AttachedGameServerService extends GameServer implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(AttachedGameServerService.name);
  private timer: NodeJS.Timeout | undefined;
  private run: SeenRun | null = null;
  private isTelling = false;
  override readonly console = null;
  override readonly dataPath: string | null;
  override readonly diskPath: string | null;
  private readonly file: PidFile;

  constructor(
    config: ConfigService<{ server: GameServerConfig }, true>,
    private readonly events: EventLog,
    private readonly ends: GameEnds,
  ) {
    super();
    const { pidFile, dataPath, diskPath } = config.get('server', { infer: true });
    this.file = new PidFile(pidFile);
    this.dataPath = dataPath;
    this.diskPath = diskPath;
  }

  override get gameServerPid(): number | null {
    return this.file.read().pid;
  }

  override get status(): GameServerStatus {
    const { pid, reason } = this.file.read();
    const ageMs = pid === null ? null : processAgeMs(pid);
    return {
      state: pid === null ? 'stopped' : 'running',
      controllable: false,
      pid,
      uptimeSeconds: ageMs === null ? null : Math.floor(ageMs / 1000),
      lastExitCode: null,
      lastExitSignal: null,
      lastError: reason,
      restartAt: null,
    };
  }

  onModuleInit(): void {
    const { pid } = this.file.read();
    if (pid !== null) this.see(pid);
    this.timer = setInterval(() => {
      void this.look();
    }, LOOK_EVERY_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    this.run?.watch.close();
  }

  override start(): Promise<GameServerStatus> {
    return this.refuse('started');
  }

  override stop(): Promise<GameServerStatus> {
    return this.refuse('stopped');
  }

  override restart(): Promise<GameServerStatus> {
    return this.refuse('restarted');
  }

  override shutDown(): Promise<void> {
    return Promise.resolve();
  }

  private async look(): Promise<void> {
    if (this.isTelling) return;
    const { run } = this;
    if (run !== null && hasEnded(run)) {
      this.isTelling = true;
      await this.tellEnd(run);
      this.run = null;
      this.isTelling = false;
    }
    const { pid } = this.file.read();
    // For a moment, a file that is being replaced names none.
    if (pid === null || pid === this.run?.pid) return;
    this.see(pid);
    this.events.tell('game_starting');
  }

  private see(pid: number): void {
    this.run?.watch.close();
    const look = isLinux ? lookAt(pid) : null;
    this.run = {
      pid,
      identity: look?.state === 'alive' ? look.identity : null,
      ageMs: processAgeMs(pid),
      sinceMs: steadyNowMs(),
      watch: this.ends.watch(pid),
    };
  }

  private async tellEnd({ watch, ageMs, sinceMs }: SeenRun): Promise<void> {
    watch.close();
    const uptimeSeconds = ageMs === null ? null : (ageMs + steadyNowMs() - sinceMs) / 1000;
    const exit = { code: null, signal: null };
    const { cause, isSure, report } = await this.ends.explain(watch, {
      ...exit,
      output: null,
      uptimeSeconds,
    });
    if (!isSure) {
      this.logger.log(report);
      this.events.tell('game_stopped');
      return;
    }
    this.logger.warn(report);
    this.events.tell('game_crashed', { exitCode: null, signal: null, cause: cause.name, how: cause.text });
  }

  private refuse(what: string): Promise<never> {
    return Promise.reject(
      new GameServerStateError(
        `The game server cannot be ${what} here: something else runs it and writes ${this.file.path} (VS_SERVER_PID_FILE).`,
      ),
    );
  }
}

function hasEnded({ pid, identity }: SeenRun): boolean {
  // Elsewhere it would take a program to tell processes apart.
  if (!isLinux) return !processExists(pid);
  const look = lookAt(pid);
  return look.state === 'gone' || (look.state === 'alive' && identity !== null && look.identity !== identity);
}
