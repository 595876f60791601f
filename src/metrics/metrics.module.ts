import {
  ConfigurableModuleBuilder,
  type ConfigurableModuleAsyncOptions,
  type DynamicModule,
  Module,
} from '@nestjs/common';
import { checkOptions, METRICS_OPTIONS, type MetricsModuleOptions } from './metrics-options.js';
import { MetricsCoreModule } from './metrics-core.module.js';

/** What `forRoot` and `forRootAsync` take beside the options: whether every module can inject what this one exports. */
export interface MetricsModuleExtras {
  readonly isGlobal?: boolean | undefined;
}

/** Holds the options of one `forRoot`; global, so that the one {@link MetricsCoreModule} finds them. */
@Module({})
class MetricsOptionsModule {}

const GIVEN_OPTIONS = Symbol('GIVEN_OPTIONS');

const { ConfigurableModuleClass } = new ConfigurableModuleBuilder<MetricsModuleOptions>({
  optionsInjectionToken: GIVEN_OPTIONS,
})
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createMetricsOptions')
  .setExtras<MetricsModuleExtras>(
    { isGlobal: false },
    ({ imports = [], providers = [], ...definition }, { isGlobal }) => {
      const checked = {
        provide: METRICS_OPTIONS,
        inject: [GIVEN_OPTIONS],
        useFactory: (options: unknown) => checkOptions(options, isGlobal ?? false),
      };
      const optionsModule: DynamicModule = {
        module: MetricsOptionsModule,
        global: true,
        imports,
        providers: [...providers, checked],
        exports: [METRICS_OPTIONS],
      };
      return { ...definition, global: isGlobal ?? false, imports: [optionsModule] };
    },
  )
  .build();

/**
 * Samples this process and a game server, and keeps the newest samples. It exports `MetricsService`, `MetricsBuffer` and
 * `MetricsScheduler`, which exist once however often it is imported.
 *
 * Imported plainly it takes its settings from `VS_METRICS_*`, measures what the application's global `ServerService` says, and
 * expects that `ScheduleModule.forRoot()` is imported once; an error at the start says which of them is missing. With `forRoot`
 * or `forRootAsync` both may be absent, and options win over the environment; one that cannot be used is named by the
 * error that the start ends with.
 */
@Module({ imports: [MetricsCoreModule], exports: [MetricsCoreModule] })
export class MetricsModule extends ConfigurableModuleClass {
  static override forRoot(options: MetricsModuleOptions & MetricsModuleExtras = {}): DynamicModule {
    return super.forRoot(options);
  }

  static override forRootAsync(
    options: ConfigurableModuleAsyncOptions<MetricsModuleOptions, 'createMetricsOptions'> &
      MetricsModuleExtras,
  ): DynamicModule {
    return super.forRootAsync(options);
  }
}
