import { Global, Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { GameTelemetry } from '../metrics/game-telemetry.js';
import { DotnetTelemetry } from './dotnet/dotnet-telemetry.js';
import { GameTelemetryService } from './game-telemetry.service.js';
import { telemetryConfig } from './telemetry.config.js';

/** What the game says of itself, and its face towards the metrics. Global: the metrics take whatever is provided. */
@Global()
@Module({
  imports: [ConfigModule.forFeature(telemetryConfig)],
  providers: [
    DotnetTelemetry,
    GameTelemetryService,
    { provide: GameTelemetry, useExisting: GameTelemetryService },
  ],
  exports: [DotnetTelemetry, GameTelemetryService, GameTelemetry],
})
export class TelemetryModule {}
