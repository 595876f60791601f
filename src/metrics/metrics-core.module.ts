import { Inject, Module, type OnModuleInit, Optional } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { LazyModuleLoader, ModuleRef } from '@nestjs/core';
import { SchedulerRegistry } from '@nestjs/schedule';
import { DiskRoom } from '../process/disk-room.js';
import { LinuxMachine } from '../process/linux/linux-machine.js';
import { LinuxReader } from '../process/linux/linux-reader.js';
import { NodeMachine } from '../process/node-machine.js';
import { PidusageReader } from '../process/pidusage-reader.js';
import { isLinux } from '../process/platform.js';
import { ProcessReader } from '../process/process-reader.js';
import { MachineSampler } from './machine-sampler.js';
import { MEASURED_SERVER, measuredServer } from './measured-server.js';
import { METRICS_OPTIONS, type MetricsModuleOptions } from './metrics-options.js';
import { METRICS_SETTINGS, metricsSettings, type MetricsSettings } from './metrics-settings.js';
import { MetricsBuffer } from './metrics.buffer.js';
import { metricsConfig } from './metrics.config.js';
import { MetricsScheduler } from './metrics.scheduler.js';
import { MetricsService } from './metrics.service.js';
import { ProcessSampler } from './process-sampler.js';
import { METRICS_REGISTRY, schedulerRegistry } from './scheduler-registry.js';
import { ServerService } from './server.service.js';

const options = { token: METRICS_OPTIONS, optional: true };

/**
 * All that `MetricsModule` has, once in an application: Nest takes a module without options for the same wherever it is
 * imported, and each call of `forRoot` for another one.
 */
@Module({
  imports: [ConfigModule.forFeature(metricsConfig)],
  providers: [
    { provide: METRICS_SETTINGS, inject: [ConfigService, options], useFactory: metricsSettings },
    {
      provide: MEASURED_SERVER,
      inject: [options, { token: ServerService, optional: true }],
      useFactory: measuredServer,
    },
    {
      provide: METRICS_REGISTRY,
      inject: [{ token: SchedulerRegistry, optional: true }, options, LazyModuleLoader],
      useFactory: schedulerRegistry,
    },
    {
      provide: MetricsBuffer,
      inject: [METRICS_SETTINGS],
      useFactory: ({ capacity }: MetricsSettings) => new MetricsBuffer(capacity),
    },
    {
      provide: ProcessReader,
      inject: [METRICS_SETTINGS],
      useFactory: ({ reader }: MetricsSettings) =>
        reader === 'native' ? new LinuxReader() : new PidusageReader(),
    },
    {
      provide: MachineSampler,
      inject: [MEASURED_SERVER],
      useFactory: ({ diskPath }: ServerService) =>
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
export class MetricsCoreModule implements OnModuleInit {
  constructor(
    private readonly moduleRef: ModuleRef,
    @Optional() @Inject(METRICS_OPTIONS) private readonly options?: MetricsModuleOptions,
  ) {}

  /** Throws when `forRoot` was called more than once, and not with the same options. */
  onModuleInit(): void {
    if (this.options === undefined) return;
    const given = this.moduleRef.get<MetricsModuleOptions>(METRICS_OPTIONS, { strict: false, each: true });
    const names = ['intervalSeconds', 'capacity', 'reader', 'pid'] as const;
    const name = names.find((each) => new Set(given.map((options) => options[each])).size > 1);
    if (name !== undefined)
      throw new Error(
        `MetricsModule.forRoot() was called more than once, with different values of the option ${name}: call it once, and import MetricsModule elsewhere.`,
      );
  }
}
