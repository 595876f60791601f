import { Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { MetricsModule } from '../metrics/index.js';
import { ArchiveHistory } from './archive-history.js';
import { historyConfig } from './history.config.js';
import { ArchiveService } from './sqlite/archive.service.js';

/** The history that lasts: listens to the metrics, which do not know of it. */
@Module({
  imports: [ConfigModule.forFeature(historyConfig), MetricsModule],
  providers: [ArchiveService, ArchiveHistory],
  exports: [ArchiveService, ArchiveHistory],
})
export class HistoryModule {}
