import { Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { AlertsModule } from '../alerts/alerts.module.js';
import { HistoryModule } from '../history/history.module.js';
import { MetricsModule } from '../metrics/index.js';
import { SettingsModule } from '../settings/settings.module.js';
import { ApiKeyGuard } from './access/api-key.guard.js';
import { ApiKeys } from './access/api-keys.js';
import { AlertsController } from './routes/alerts.controller.js';
import { EventsController } from './routes/events.controller.js';
import { ExportController } from './routes/export.controller.js';
import { DomainErrorsFilter } from './routes/domain-errors.filter.js';
import { HealthController } from './routes/health.controller.js';
import { httpConfig } from './http.config.js';
import { MetricsController } from './routes/metrics.controller.js';
import { PrometheusMetrics } from './routes/prometheus-metrics.js';
import { PrometheusController } from './routes/prometheus.controller.js';
import { ServerController } from './routes/server.controller.js';
import { SettingsController } from './routes/settings.controller.js';
import { SnapshotStream } from './routes/snapshot-stream.js';
import { StreamController } from './routes/stream.controller.js';

/** Everything that answers HTTP requests, and the one guard before it. */
@Module({
  imports: [ConfigModule.forFeature(httpConfig), MetricsModule, HistoryModule, SettingsModule, AlertsModule],
  controllers: [
    MetricsController,
    StreamController,
    EventsController,
    ExportController,
    AlertsController,
    ServerController,
    SettingsController,
    HealthController,
    PrometheusController,
  ],
  providers: [
    ApiKeys,
    SnapshotStream,
    PrometheusMetrics,
    { provide: APP_GUARD, useClass: ApiKeyGuard },
    { provide: APP_FILTER, useClass: DomainErrorsFilter },
  ],
})
export class HttpModule {}
