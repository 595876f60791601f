import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { type SchedulerRegistry } from '@nestjs/schedule';
import { type Subscription } from 'rxjs';
import { ALLOWED_INTERVAL, isAllowedInterval } from './metrics.config.js';
import { METRICS_SETTINGS, type MetricsSettings } from './metrics-settings.js';
import { MetricsService } from './metrics.service.js';
import { MAX_MISSED_INTERVALS } from './missed-intervals.js';
import { METRICS_REGISTRY } from './scheduler-registry.js';

/** Name of the collection's interval in Nest's SchedulerRegistry. */
export const METRICS_INTERVAL_NAME = 'metrics-collection';

/** By how much a sample may be late on a busy machine when the interval is short. */
const GRACE_SECONDS = 1;

/** When a game that has just started is old enough to be measured in full. */
const NEW_GAME_MS = 300;

/**
 * Takes a sample at start and after each interval, under the name {@link METRICS_INTERVAL_NAME}, and one of its own
 * for a game that has just started.
 */
@Injectable()
export class MetricsScheduler implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(MetricsScheduler.name);
  private isStarted = false;
  private newGameTimer: NodeJS.Timeout | undefined;
  private gameChanges: Subscription | undefined;
  /** From the settings at first. */
  private currentIntervalSeconds: number;

  constructor(
    @Inject(METRICS_SETTINGS) settings: MetricsSettings,
    @Inject(METRICS_REGISTRY) private readonly registry: SchedulerRegistry,
    private readonly metrics: MetricsService,
  ) {
    this.currentIntervalSeconds = settings.intervalSeconds;
  }

  /** Seconds between two samples, once the application has started; 0: none are taken. */
  get intervalSeconds(): number {
    return this.currentIntervalSeconds;
  }

  /** Why samples are not being taken as configured, in a sentence; null when they are, or when collection is off. */
  get problem(): string | null {
    const seconds = this.currentIntervalSeconds;
    if (seconds === 0) return null;
    const ageMs = this.metrics.sampleAgeMs;
    if (ageMs === null) return 'No sample has been taken yet.';
    if (ageMs / 1000 <= MAX_MISSED_INTERVALS * seconds + GRACE_SECONDS) return null;
    return `The last sample is ${(ageMs / 1000).toFixed(0)} s old, one is due every ${seconds} s.`;
  }

  onApplicationBootstrap(): void {
    this.isStarted = true;
    this.begin();
    this.gameChanges = this.metrics.gameChanged$.subscribe(() => {
      if (this.metrics.isGameNew) this.sampleNewGame();
    });
  }

  onApplicationShutdown(): void {
    this.isStarted = false;
    this.gameChanges?.unsubscribe();
    this.clear();
  }

  /**
   * Changes the interval at once, beginning with a sample; 0 stops the collection. Before the application has
   * started, it sets the interval with which the collection will begin. Throws a RangeError for an interval that
   * the settings would not allow: a timer of more than 24.8 days fires every millisecond.
   */
  setIntervalSeconds(seconds: number): void {
    if (!isAllowedInterval(seconds))
      throw new RangeError(`An interval is ${ALLOWED_INTERVAL}, not ${seconds}.`);
    this.currentIntervalSeconds = seconds;
    if (this.isStarted) this.begin();
  }

  private begin(): void {
    this.clear();
    const seconds = this.currentIntervalSeconds;
    if (seconds === 0) {
      this.logger.log('Collection is off');
      return;
    }
    this.registry.addInterval(
      METRICS_INTERVAL_NAME,
      setInterval(() => {
        this.tick();
      }, seconds * 1000),
    );
    this.logger.log(`Collecting every ${seconds} s`);
    this.tick();
  }

  private tick(): void {
    // The sample before is still being taken: this one is skipped, so that samples never overlap.
    if (this.metrics.isCollecting) {
      this.metrics.skip();
      return;
    }
    this.sample();
  }

  private sample(): void {
    this.metrics.collect().then(
      () => {
        if (this.metrics.isGameYoung) this.sampleNewGame();
      },
      (error: unknown) => {
        this.logger.error(
          'A sample could not be taken',
          error instanceof Error ? error.stack : String(error),
        );
      },
    );
  }

  /** Takes one sample more, soon, unless another comes sooner; the interval goes on as ever. */
  private sampleNewGame(): void {
    const intervalMs = this.currentIntervalSeconds * 1000;
    if (!this.isStarted || intervalMs <= 2 * NEW_GAME_MS || this.newGameTimer !== undefined) return;
    this.newGameTimer = setTimeout(() => {
      this.newGameTimer = undefined;
      // One that is being taken asks for another if it finds the game too young.
      if (!this.metrics.isCollecting && this.metrics.isGameNew) this.sample();
    }, NEW_GAME_MS);
  }

  private clear(): void {
    clearTimeout(this.newGameTimer);
    this.newGameTimer = undefined;
    if (this.registry.doesExist('interval', METRICS_INTERVAL_NAME)) {
      this.registry.deleteInterval(METRICS_INTERVAL_NAME);
    }
  }
}
