import { Injectable, type OnModuleInit } from '@nestjs/common';
import { MetricsScheduler, MetricsService } from '../../metrics/index.js';
import { MAX_MISSED_INTERVALS } from '../../metrics/missed-intervals.js';
import { steadyNowMs } from '../../process/clock.js';

/** Tolerance for a short interval on a busy machine. */
const GRACE_SECONDS = 1;

/** Judges whether samples are being taken as configured, by a clock that does not jump. */
@Injectable()
export class Readiness implements OnModuleInit {
  private lastSampleAtMs: number | null = null;

  constructor(
    private readonly metrics: MetricsService,
    private readonly scheduler: MetricsScheduler,
  ) {}

  onModuleInit(): void {
    this.metrics.snapshots$.subscribe(() => {
      this.lastSampleAtMs = steadyNowMs();
    });
  }

  /** Why samples are not being taken as configured, or null when they are (or when collection is off). */
  get problem(): string | null {
    const { intervalSeconds } = this.scheduler;
    if (intervalSeconds === 0) return null;
    if (this.lastSampleAtMs === null) return 'No sample has been taken yet.';
    const ageSeconds = (steadyNowMs() - this.lastSampleAtMs) / 1000;
    if (ageSeconds <= MAX_MISSED_INTERVALS * intervalSeconds + GRACE_SECONDS) return null;
    return `The last sample is ${ageSeconds.toFixed(0)} s old, one is due every ${intervalSeconds} s.`;
  }
}
