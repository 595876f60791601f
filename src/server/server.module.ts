import { Global, Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { GameServerService } from './game-server.service.js';
import { ServerAutostart } from './server-autostart.js';
import { serverConfig } from './server.config.js';
import { ServerService } from './server.service.js';

/** The managed game server, and its face towards the metrics. Global: the metrics take whatever is provided. */
@Global()
@Module({
  imports: [ConfigModule.forFeature(serverConfig)],
  providers: [GameServerService, ServerAutostart, { provide: ServerService, useExisting: GameServerService }],
  exports: [GameServerService, ServerService],
})
export class ServerModule {}
