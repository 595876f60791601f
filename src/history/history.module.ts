import { Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { MetricsModule } from '../metrics/index.js';
import { historyConfig } from './history.config.js';
import { HistoryService } from './history.service.js';

/** The history that lasts: listens to the metrics, which do not know of it. */
@Module({
  imports: [ConfigModule.forFeature(historyConfig), MetricsModule],
  providers: [HistoryService],
  exports: [HistoryService],
})
export class HistoryModule {}
