import { Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { MetricsModule } from '../metrics/index.js';
import { ArchiveHistory } from './archive-history.js';
import { archiveConfig } from './archive.config.js';
import { ArchiveService } from './archive.service.js';

/** The history that lasts: listens to the metrics, which do not know of it. */
@Module({
  imports: [ConfigModule.forFeature(archiveConfig), MetricsModule],
  providers: [ArchiveService, ArchiveHistory],
  exports: [ArchiveService, ArchiveHistory],
})
export class ArchiveModule {}
