import { Injectable } from '@nestjs/common';
import { MetricsScheduler, MetricsService } from './index.js';

/** Limits in MiB, by the names that a snapshot has for these values. */
export interface MemoryLimits {
  /** Of the game server; while none runs, or it cannot be measured, it is below every limit. */
  readonly gameMemoryMb?: number | undefined;
  /** Of this process. */
  readonly apiMemoryMb?: number | undefined;
}

/** What `HealthCheckService` of `@nestjs/terminus` takes. */
export type MetricsHealth<Key extends string> = Record<
  Key,
  {
    readonly status: 'up' | 'down';
    /** Why it is down. */
    readonly message?: string;
    /** As of the newest sample, in MiB; null where it is not known. */
    readonly gameMemoryMb: number | null;
    readonly apiMemoryMb: number | null;
  }
>;

/** A health indicator for `@nestjs/terminus`: provide it in a module that imports `MetricsModule`. */
@Injectable()
export class MetricsHealthIndicator {
  constructor(
    private readonly metrics: MetricsService,
    private readonly scheduler: MetricsScheduler,
  ) {}

  /**
   * Up when samples are taken as configured (or when collection is off) and memory is not above a limit. Throws a RangeError
   * for a limit that is not a number above 0.
   */
  check<const Key extends string>(key: Key, limits: MemoryLimits = {}): MetricsHealth<Key> {
    const memory = {
      gameMemoryMb: this.metrics.current?.gameMemoryMb ?? null,
      apiMemoryMb: this.metrics.current?.apiMemoryMb ?? null,
    };
    const problems = [
      this.scheduler.problem,
      aboveLimit('gameMemoryMb', memory.gameMemoryMb, limits.gameMemoryMb),
      aboveLimit('apiMemoryMb', memory.apiMemoryMb, limits.apiMemoryMb),
    ].filter((problem) => problem !== null);
    const state =
      problems.length === 0
        ? { status: 'up' as const }
        : { status: 'down' as const, message: problems.join(' ') };
    return { [key]: { ...state, ...memory } } as MetricsHealth<Key>;
  }
}

function aboveLimit(
  name: keyof MemoryLimits,
  memoryMb: number | null,
  limitMb: number | undefined,
): string | null {
  if (limitMb === undefined) return null;
  if (!(limitMb > 0)) throw new RangeError(`The limit ${name} is a number above 0 (MiB), not ${limitMb}.`);
  return memoryMb === null || memoryMb <= limitMb
    ? null
    : `${name} is ${memoryMb} MiB, above the limit of ${limitMb}.`;
}
