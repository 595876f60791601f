import { Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { GameServerStateError } from './game-server-errors.js';
import { GameServer } from './game-server.js';
import { PidFile } from './pid-file.js';
import { processAgeMs } from '../process/process-identity.js';
import { type GameServerConfig } from './game-server.config.js';
import { type GameServerStatus } from './game-server-status.js';

/** A game server that something else runs (systemd, screen, another container): we look at it and leave it alone. */
@Injectable()
export class AttachedGameServerService extends GameServer {
  override readonly console = null;
  override readonly dataPath: string | null;
  override readonly diskPath: string | null;
  private readonly file: PidFile;

  constructor(config: ConfigService<{ server: GameServerConfig }, true>) {
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
    };
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

  private refuse(what: string): Promise<never> {
    return Promise.reject(
      new GameServerStateError(
        `The game server cannot be ${what} here: something else runs it and writes ${this.file.path} (VS_SERVER_PID_FILE).`,
      ),
    );
  }
}
