import { Global, Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { EventLog } from '../events/event-log.js';
import { EventsModule } from '../events/events.module.js';
import { AttachedGameServerService } from './attached-game-server.service.js';
import { GameEnds } from './game-ends.js';
import { GameLimits } from './game-limits.js';
import { GameServer } from './game-server.js';
import { GameServerService } from './game-server.service.js';
import { GameServerAutostart } from './game-server-autostart.js';
import { type GameServerConfig, gameServerConfig } from './game-server.config.js';
import { LastSample } from './last-sample.js';
import { ServerService } from '../metrics/server.service.js';

/**
 * The game server, run by us or (VS_SERVER_PID_FILE) by something else, and its face towards the metrics. Global:
 * the metrics take whatever is provided.
 */
@Global()
@Module({
  imports: [ConfigModule.forFeature(gameServerConfig), EventsModule],
  providers: [
    GameLimits,
    LastSample,
    GameEnds,
    {
      provide: GameServer,
      inject: [ConfigService, EventLog, GameEnds],
      useFactory: (
        config: ConfigService<{ server: GameServerConfig }, true>,
        events: EventLog,
        ends: GameEnds,
      ): GameServer =>
        config.get('server.pidFile', { infer: true }) === ''
          ? new GameServerService(config, events, ends)
          : new AttachedGameServerService(config, events, ends),
    },
    { provide: ServerService, useExisting: GameServer },
    GameServerAutostart,
  ],
  exports: [GameLimits, GameServer, ServerService],
})
export class GameServerModule {}
