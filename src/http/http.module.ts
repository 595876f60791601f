import { Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { APP_GUARD } from '@nestjs/core';
import { ArchiveModule } from '../archive/archive.module.js';
import { MetricsModule } from '../metrics/index.js';
import { SettingsModule } from '../settings/settings.module.js';
import { ApiKeyGuard } from './api-key.guard.js';
import { ApiKeys } from './api-keys.js';
import { ExportController } from './export.controller.js';
import { HealthController } from './health.controller.js';
import { HistoryAnswers } from './history-answers.js';
import { httpConfig } from './http.config.js';
import { MemoryHistory } from './memory-history.js';
import { MetricsController } from './metrics.controller.js';
import { PrometheusMetrics } from './prometheus-metrics.js';
import { PrometheusController } from './prometheus.controller.js';
import { Readiness } from './readiness.js';
import { ServerController } from './server.controller.js';
import { SettingsController } from './settings.controller.js';
import { SnapshotStream } from './snapshot-stream.js';
import { StreamController } from './stream.controller.js';

/** Everything that answers HTTP requests, and the one guard before it. */
@Module({
  imports: [ConfigModule.forFeature(httpConfig), MetricsModule, ArchiveModule, SettingsModule],
  controllers: [
    MetricsController,
    StreamController,
    ExportController,
    ServerController,
    SettingsController,
    HealthController,
    PrometheusController,
  ],
  providers: [
    ApiKeys,
    Readiness,
    HistoryAnswers,
    MemoryHistory,
    SnapshotStream,
    PrometheusMetrics,
    { provide: APP_GUARD, useClass: ApiKeyGuard },
  ],
})
export class HttpModule {}
