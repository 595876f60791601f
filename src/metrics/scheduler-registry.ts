import { type LazyModuleLoader } from '@nestjs/core';
import { ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { type MetricsModuleOptions } from './metrics-options.js';
import { required } from './required.js';

/** Injection token of the registry in which the collection's interval stands. */
export const METRICS_REGISTRY = Symbol('METRICS_REGISTRY');

/**
 * The registry of the host; where it has none and called `forRoot`, ScheduleModule is imported now. Not by `imports`: a
 * second ScheduleModule beside the host's would have a registry of its own, and call each of the host's scheduled methods twice.
 */
export async function schedulerRegistry(
  host: SchedulerRegistry | undefined,
  options: MetricsModuleOptions | undefined,
  loader: LazyModuleLoader,
): Promise<SchedulerRegistry> {
  if (host === undefined && options !== undefined) {
    const module = await loader.load(() => ScheduleModule.forRoot());
    return module.get(SchedulerRegistry);
  }
  return required(
    host,
    'MetricsModule found no SchedulerRegistry: import ScheduleModule.forRoot() (@nestjs/schedule) once.',
  );
}
