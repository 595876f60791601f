import { Global, Module } from '@nestjs/common';
import { ServerService } from 'nestjs-process-metrics';
import { GameProcess } from './game-process.js';

@Global()
@Module({
  providers: [GameProcess, { provide: ServerService, useExisting: GameProcess }],
  exports: [ServerService],
})
export class GameModule {}
