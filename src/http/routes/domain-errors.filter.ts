import { type ArgumentsHost, Catch, ConflictException, UnprocessableEntityException } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { AlertsStateError } from '../../alerts/alerts-state-error.js';
import { GameServerStartError, GameServerStateError } from '../../game-server/game-server-errors.js';

/** Answers 422 where the game server's program cannot be used, and 409 where the state forbids what was asked. */
@Catch(GameServerStateError, GameServerStartError, AlertsStateError)
export class DomainErrorsFilter extends BaseExceptionFilter {
  override catch(
    error: GameServerStateError | GameServerStartError | AlertsStateError,
    host: ArgumentsHost,
  ): void {
    const Exception =
      error instanceof GameServerStartError ? UnprocessableEntityException : ConflictException;
    super.catch(new Exception(error.message), host);
  }
}
