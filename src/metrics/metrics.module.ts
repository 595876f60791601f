import { Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { DiskRoom } from '../process/disk-room.js';
import { LinuxMachine } from '../process/linux/linux-machine.js';
import { NodeMachine } from '../process/node-machine.js';
import { isLinux } from '../process/platform.js';
import { LinuxReader } from '../process/linux/linux-reader.js';
import { MachineSampler } from './machine-sampler.js';
import { MetricsBuffer } from './metrics.buffer.js';
import { metricsConfig, type MetricsConfig } from './metrics.config.js';
import { MetricsScheduler } from './metrics.scheduler.js';
import { MetricsService } from './metrics.service.js';
import { PidusageReader } from '../process/pidusage-reader.js';
import { ProcessReader } from '../process/process-reader.js';
import { ProcessSampler } from './process-sampler.js';
import { ServerService } from './server.service.js';

/**
 * Samples this process and the game server, and keeps the history. The application provides a `ServerService`
 * globally (whose pid is measured) and imports `ScheduleModule.forRoot()` once.
 */
@Module({
  imports: [ConfigModule.forFeature(metricsConfig)],
  providers: [
    {
      provide: MetricsBuffer,
      inject: [ConfigService],
      useFactory: (config: ConfigService<{ metrics: MetricsConfig }, true>) =>
        new MetricsBuffer(config.get('metrics.capacity', { infer: true })),
    },
    {
      provide: ProcessReader,
      inject: [ConfigService],
      useFactory: (config: ConfigService<{ metrics: MetricsConfig }, true>) =>
        config.get('metrics.engine', { infer: true }) === 'native' ? new LinuxReader() : new PidusageReader(),
    },
    {
      provide: MachineSampler,
      inject: [{ token: ServerService, optional: true }],
      useFactory: ({ diskPath }: Partial<ServerService> = {}) =>
        new MachineSampler(
          isLinux ? new LinuxMachine() : new NodeMachine(),
          diskPath == null ? null : new DiskRoom(diskPath),
        ),
    },
    ProcessSampler,
    MetricsService,
    MetricsScheduler,
  ],
  exports: [MetricsBuffer, MetricsService, MetricsScheduler],
})
export class MetricsModule {}
