import { Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { MetricsModule } from '../metrics/index.js';
import { settingsConfig } from './settings.config.js';
import { SettingsService } from './settings.service.js';

/** Settings that change while the application runs. */
@Module({
  imports: [ConfigModule.forFeature(settingsConfig), MetricsModule],
  providers: [SettingsService],
  exports: [SettingsService],
})
export class SettingsModule {}
