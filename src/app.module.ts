import { Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { ScheduleModule } from '@nestjs/schedule';
import { AlertsModule } from './alerts/alerts.module.js';
import { EventsModule } from './events/events.module.js';
import { HistoryModule } from './history/history.module.js';
import { HttpModule } from './http/http.module.js';
import { MetricsModule } from './metrics/index.js';
import { GameServerModule } from './game-server/game-server.module.js';
import { TelemetryModule } from './telemetry/telemetry.module.js';
import { SettingsModule } from './settings/settings.module.js';

/** The application: wiring only. main.ts has read `.env` by the time this is loaded. */
@Module({
  imports: [
    ConfigModule.forRoot({ ignoreEnvFile: true, skipProcessEnv: true }),
    ScheduleModule.forRoot(),
    EventsModule,
    GameServerModule,
    TelemetryModule,
    MetricsModule,
    HistoryModule,
    SettingsModule,
    AlertsModule,
    HttpModule,
  ],
})
export class AppModule {}
