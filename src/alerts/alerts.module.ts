import { Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { HistoryModule } from '../history/history.module.js';
import { MetricsModule } from '../metrics/index.js';
import { alertsConfig } from './alerts.config.js';
import { AlertsService } from './alerts.service.js';

/** Rules over what is measured and what happens, and the messages about them. Needs the global events and game server. */
@Module({
  imports: [ConfigModule.forFeature(alertsConfig), MetricsModule, HistoryModule],
  providers: [AlertsService],
  exports: [AlertsService],
})
export class AlertsModule {}
