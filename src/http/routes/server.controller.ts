import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiConflictResponse, ApiTags, ApiUnprocessableEntityResponse } from '@nestjs/swagger';
import { GameServer } from '../../game-server/game-server.js';
import { type GameServerStatus } from '../../game-server/game-server-status.js';
import { Roles } from '../access/access.decorator.js';
import { Answers } from '../openapi/answers.decorator.js';
import { problem, serverStatus } from '../openapi/schemas.js';
import { API_PREFIX } from '../contract.js';
import { ok, type Success } from './success.js';

const forbiddenByState = { description: 'Its state forbids this now', standardSchema: problem };

/** The game server's life: its status for both roles, its switches for admins. */
@ApiTags('server')
@Controller(`${API_PREFIX}/server`)
export class ServerController {
  constructor(private readonly server: GameServer) {}

  @Get('status')
  @Roles('admin', 'monitor')
  @Answers('The state of the game server', serverStatus)
  status(): Success<GameServerStatus> {
    return ok(this.server.status);
  }

  @Post('start')
  @HttpCode(200)
  @Roles('admin')
  @Answers('Starts the game server', serverStatus)
  @ApiConflictResponse(forbiddenByState)
  @ApiUnprocessableEntityResponse({
    description: 'The program or its folder cannot be used',
    standardSchema: problem,
  })
  async start(): Promise<Success<GameServerStatus>> {
    return ok(await this.server.start());
  }

  @Post('stop')
  @HttpCode(200)
  @Roles('admin')
  @Answers('Asks the game server to save and stop; does not wait for the end', serverStatus)
  @ApiConflictResponse(forbiddenByState)
  async stop(): Promise<Success<GameServerStatus>> {
    return ok(await this.server.stop());
  }

  @Post('restart')
  @HttpCode(200)
  @Roles('admin')
  @Answers('Stops the game server and starts it again once it has ended', serverStatus)
  @ApiConflictResponse(forbiddenByState)
  async restart(): Promise<Success<GameServerStatus>> {
    return ok(await this.server.restart());
  }
}
