import { Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { ScheduleModule } from '@nestjs/schedule';
import { ArchiveModule } from './archive/archive.module.js';
import { HttpModule } from './http/http.module.js';
import { MetricsModule } from './metrics/index.js';
import { ServerModule } from './server/server.module.js';
import { SettingsModule } from './settings/settings.module.js';

/** The application: wiring only. main.ts has read `.env` by the time this is loaded. */
@Module({
  imports: [
    ConfigModule.forRoot({ ignoreEnvFile: true, skipProcessEnv: true }),
    ScheduleModule.forRoot(),
    ServerModule,
    MetricsModule,
    ArchiveModule,
    SettingsModule,
    HttpModule,
  ],
})
export class AppModule {}
