import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { type Subscription } from 'rxjs';
import { EventLog } from '../events/event-log.js';
import { GameServer } from '../game-server/game-server.js';
import { GameTelemetry, type GameTelemetryValues } from '../metrics/game-telemetry.js';
import { ConsoleTelemetry } from './console/console-telemetry.js';
import { type StatsAnswer } from './console/stats-answer.js';
import { DotnetTelemetry } from './dotnet/dotnet-telemetry.js';
import { LogReader } from './log-file/log-reader.js';
import { type TelemetryConfig } from './telemetry.config.js';

/**
 * What the game says of itself: on its console, where that is ours, else in its log file, which tells what happens and
 * no numbers; and through its runtime, where that is .NET.
 */
@Injectable()
export class GameTelemetryService extends GameTelemetry implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(GameTelemetryService.name);
  private readonly consoles: ConsoleTelemetry;
  private changes: Subscription | undefined;
  private logReader: LogReader | null = null;

  constructor(
    config: ConfigService<{ telemetry: TelemetryConfig }, true>,
    private readonly server: GameServer,
    private readonly log: EventLog,
    private readonly dotnet: DotnetTelemetry,
  ) {
    super();
    const { statsCommand, statsIntervalMs } = config.get('telemetry', { infer: true });
    this.consoles = new ConsoleTelemetry({ command: statsCommand, intervalMs: statsIntervalMs }, log);
  }

  /** What the game last answered; null when it was not asked, did not answer, or that is too old. */
  get stats(): StatsAnswer | null {
    return this.consoles.stats(this.server.gameServerPid);
  }

  /** The version of the game that runs, once it has told. */
  get version(): string | null {
    return this.consoles.version(this.server.gameServerPid);
  }

  override read(gamePid: number | null): GameTelemetryValues {
    const stats = this.consoles.stats(gamePid);
    const gc = this.dotnet.read(gamePid);
    return {
      players: stats?.players ?? null,
      tickMs: stats?.tickMs ?? null,
      ticksPerSecond: stats?.ticksPerSecond ?? null,
      gcHeapMb: gc?.gcHeapMb ?? stats?.gcHeapMb ?? null,
      gcPausePercent: gc?.gcPausePercent ?? null,
      gcPauseMaxMs: gc?.gcPauseMaxMs ?? null,
    };
  }

  onModuleInit(): void {
    const { gameServerChanged$ } = this.server;
    if (gameServerChanged$ === undefined) this.look();
    this.changes = gameServerChanged$?.subscribe(() => {
      this.look();
    });
  }

  /** A console is let go of by itself, when its game has ended. */
  onApplicationShutdown(): void {
    this.changes?.unsubscribe();
    this.closeLog();
  }

  private look(): void {
    const { console, status } = this.server;
    if (console !== null) {
      // What a game writes to its console it writes to its log as well.
      this.closeLog();
      this.consoles.listen(console);
    } else if (!status.controllable || status.state === 'running') this.openLog();
  }

  /** Of a game whose console is not ours: it is taken over from an earlier run, or something else runs it. */
  private openLog(): void {
    if (this.logReader !== null) return;
    const { dataPath } = this.server;
    if (dataPath === null) {
      this.logger.log(
        "The game's log is not followed: where it is would be told by --dataPath in its command, or by VS_SERVER_DATA_PATH",
      );
      return;
    }
    this.logReader = new LogReader(dataPath, this.log);
    void this.logReader.start();
  }

  private closeLog(): void {
    // Not waited for: on a hanging disk that may be for ever.
    void this.logReader?.close();
    this.logReader = null;
  }
}
