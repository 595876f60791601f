import { type ArgumentsHost, Catch, ConflictException, UnprocessableEntityException } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { GameServerStartError, GameServerStateError } from '../../game-server/game-server-errors.js';

/** Answers 409 where the game server's state forbids what was asked, and 422 where its program cannot be used. */
@Catch(GameServerStateError, GameServerStartError)
export class GameServerErrorsFilter extends BaseExceptionFilter {
  override catch(error: GameServerStateError | GameServerStartError, host: ArgumentsHost): void {
    const Exception =
      error instanceof GameServerStateError ? ConflictException : UnprocessableEntityException;
    super.catch(new Exception(error.message), host);
  }
}
