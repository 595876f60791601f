export { MetricsModule } from './metrics.module.js';
export { MetricsService } from './metrics.service.js';
export { MetricsBuffer } from './metrics.buffer.js';
export { METRICS_INTERVAL_NAME, MetricsScheduler } from './metrics.scheduler.js';
export { type CollectionStats } from './collection-stats.js';
export { type GameUsage } from './process-sampler.js';
export { type SampleRecorder } from './sample-recorder.js';
export { type MetricsSnapshot } from './metrics-snapshot.js';
export { ServerService } from './server.service.js';
