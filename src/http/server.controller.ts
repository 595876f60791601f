import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { GameServerService } from '../server/game-server.service.js';
import { type ServerStatus } from '../server/server-status.js';
import { Roles } from './access.decorator.js';
import { API_PREFIX, ok, type Success } from './api.js';

/** The game server's life: its status for both roles, its switches for admins. */
@Controller(`${API_PREFIX}/server`)
export class ServerController {
  constructor(private readonly server: GameServerService) {}

  @Get('status')
  @Roles('admin', 'monitor')
  status(): Success<ServerStatus> {
    return ok(this.server.status);
  }

  @Post('start')
  @HttpCode(200)
  @Roles('admin')
  async start(): Promise<Success<ServerStatus>> {
    return ok(await this.server.start());
  }

  @Post('stop')
  @HttpCode(200)
  @Roles('admin')
  async stop(): Promise<Success<ServerStatus>> {
    return ok(await this.server.stop());
  }

  @Post('restart')
  @HttpCode(200)
  @Roles('admin')
  async restart(): Promise<Success<ServerStatus>> {
    return ok(await this.server.restart());
  }
}
