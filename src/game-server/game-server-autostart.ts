import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { HttpAdapterHost } from '@nestjs/core';
import { GameServer } from './game-server.js';
import { type GameServerConfig } from './game-server.config.js';

/** Starts the game once the API listens: an API that cannot listen (port taken) must not leave a game behind. */
@Injectable()
export class GameServerAutostart implements OnModuleInit {
  private readonly logger = new Logger(GameServerAutostart.name);

  constructor(
    private readonly config: ConfigService<{ server: GameServerConfig }, true>,
    private readonly server: GameServer,
    private readonly http: HttpAdapterHost,
  ) {}

  onModuleInit(): void {
    if (!this.config.get('server.autostart', { infer: true })) return;
    this.http.listen$.subscribe(() => {
      // It outlived an earlier run of this program, or something else runs it.
      if (this.server.status.state === 'running') return;
      this.server.start().catch((error: unknown) => {
        this.logger.error(`The game server was not started: ${(error as Error).message}`);
      });
    });
  }
}
