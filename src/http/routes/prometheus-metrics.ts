import { Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { AlertsService } from '../../alerts/alerts.service.js';
import { type EventKind } from '../../events/event-kinds.js';
import { EventLog } from '../../events/event-log.js';
import { GameLimits } from '../../game-server/game-limits.js';
import { MetricsScheduler, MetricsService, ServerService } from '../../metrics/index.js';
import { DotnetTelemetry } from '../../telemetry/dotnet/dotnet-telemetry.js';
import { GameTelemetryService } from '../../telemetry/game-telemetry.service.js';
import { type HttpConfig } from '../http.config.js';

/**
 * Resolution, in ms, at which prom-client watches the event loop. At its default of 10 the watching alone takes
 * many times what the collection takes.
 */
const EVENT_LOOP_PRECISION_MS = 1000;

/** From a plain reading of /proc (about 1 ms) to one that waits behind a busy thread pool. */
const DURATION_BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const BYTES_PER_MB = 1024 ** 2;

/** The events of which the number says something. */
const COUNTED_EVENTS: readonly (readonly [name: string, kind: EventKind, help: string])[] = [
  ['server_starts_total', 'game_starting', 'How often the game server was started'],
  ['server_crashes_total', 'game_crashed', 'How often the game server crashed'],
  ['server_overloads_total', 'tick_overload', 'How many ticks the game server said to have been too long'],
  ['server_autosave_failures_total', 'autosave_failed', 'How often the game server could not save by itself'],
];

/** What Prometheus gets to see. Each value is read from the core at the scrape, which takes no sample. */
@Injectable()
export class PrometheusMetrics {
  private readonly registry = new Registry();
  private readonly serverName: string;
  private hasDefaults = false;

  constructor(
    private readonly metrics: MetricsService,
    private readonly scheduler: MetricsScheduler,
    private readonly server: ServerService,
    private readonly events: EventLog,
    private readonly dotnet: DotnetTelemetry,
    private readonly telemetry: GameTelemetryService,
    private readonly alerts: AlertsService,
    private readonly limits: GameLimits,
    config: ConfigService<{ http: HttpConfig }, true>,
  ) {
    this.serverName = config.get('http.serverName', { infer: true });
    this.describeGame();
    this.describeLimit();
    this.describeDotnet();
    this.describeEvents();
    this.describeWhatItSays();
    this.describeMachine();
    this.describeCollector();
    this.describeAlerts();
  }

  /** All metrics in Prometheus's text format; the first call starts those of this process (Node's). */
  async text(): Promise<string> {
    if (!this.hasDefaults) {
      this.hasDefaults = true;
      collectDefaultMetrics({
        register: this.registry,
        eventLoopMonitoringPrecision: EVENT_LOOP_PRECISION_MS,
      });
    }
    return this.registry.metrics();
  }

  private describeGame(): void {
    const { metrics, server } = this;
    this.gauge('server_up', 'Whether the game server process runs at the moment of the scrape.', () =>
      server.gameServerPid === null ? 0 : 1,
    );
    this.gauge(
      'server_resident_memory_bytes',
      'Resident memory of the game server, as of the newest sample.',
      () => metrics.game?.rssBytes,
    );
    this.gauge(
      'server_start_time_seconds',
      'When the game server process started, in seconds since the epoch.',
      () => metrics.game && metrics.game.startedAt.getTime() / 1000,
    );
    this.counter(
      'server_cpu_seconds_total',
      'CPU time of the game server, user and system, over all its runs, as of the newest sample.',
      () => metrics.gameCpuTotalMs / 1000,
    );
    this.counter(
      'server_restarts_total',
      'How often a game server process took the place of another, as seen by the samples.',
      () => metrics.gameRestarts,
    );
    this.gauge(
      'server_threads',
      'Threads of the game server, as of the newest sample.',
      () => metrics.game?.threadCount,
    );
  }

  /** Also while no game runs: where it would end. */
  private describeLimit(): void {
    const { limits } = this;
    new Gauge({
      name: 'vintagestory_server_memory_limit_bytes',
      help: 'The lowest memory limit of the game server, and what sets it: cgroup, game (DieAboveMemoryUsageMb) or machine.',
      labelNames: ['source'],
      registers: [this.registry],
      collect() {
        this.reset();
        const limit = limits.memory();
        if (limit !== null) this.set({ source: limit.source }, limit.mb * BYTES_PER_MB);
      },
    });
  }

  /** Not by way of the samples: what the game said is shown only while it is fresh, and they may be switched off. */
  private describeWhatItSays(): void {
    const { telemetry, serverName } = this;
    this.gauge(
      'players_online',
      'Players online, as the game last answered.',
      () => telemetry.stats?.players,
    );
    this.gauge(
      'tick_seconds',
      'How long a tick took on average, in the two seconds before the last answer of the game.',
      () => seconds(telemetry.stats?.tickMs),
    );
    this.gauge(
      'ticks_per_second',
      'Ticks a second, in the two seconds before the last answer of the game.',
      () => telemetry.stats?.ticksPerSecond,
    );
    new Gauge({
      name: 'vintagestory_server_info',
      help: 'What the game server is, in labels: its name (VS_SERVER_NAME) and the version that it told.',
      labelNames: ['name', 'version'],
      registers: [this.registry],
      collect() {
        this.reset();
        const { version } = telemetry;
        if (serverName !== '' || version !== null) this.set({ name: serverName, version: version ?? '' }, 1);
      },
    });
  }

  private describeMachine(): void {
    const { metrics } = this;
    this.counter(
      'machine_cpu_seconds_total',
      'How long all CPUs of the machine together have been busy, as of the newest sample.',
      () => seconds(metrics.machine.counters?.cpuMs),
    );
    this.gauge(
      'machine_memory_available_bytes',
      'Memory that programs can still get, as of the newest sample.',
      () => metrics.machine.counters?.memoryAvailableBytes,
    );
    this.gauge(
      'disk_free_bytes',
      "Room on the disk of the game's data, looked at once a minute.",
      () => metrics.machine.diskFreeBytes,
    );
  }

  private describeEvents(): void {
    for (const [name, kind, help] of COUNTED_EVENTS)
      this.counter(name, `${help}, since this process started.`, () => this.events.total(kind));
  }

  private describeDotnet(): void {
    const { dotnet } = this;
    this.gauge(
      'dotnet_heap_bytes',
      'Managed heap of the game server after its last garbage collection, as of the moment of the scrape.',
      () => dotnet.heapBytes,
    );
    this.counter(
      'dotnet_gc_pause_seconds_total',
      'How long garbage collections have held all threads of the game server, over all its runs that were heard.',
      () => dotnet.counters?.pauseSeconds ?? null,
    );
    new Counter({
      name: 'vintagestory_dotnet_gc_collections_total',
      help: 'Garbage collections of the game server by the generation that was collected, over all its runs that were heard.',
      labelNames: ['generation'],
      registers: [this.registry],
      collect() {
        this.reset();
        dotnet.counters?.collections.forEach((count, generation) => {
          this.inc({ generation }, count);
        });
      },
    });
  }

  private describeCollector(): void {
    const { metrics, scheduler } = this;
    this.counter('collector_samples_total', 'Samples taken.', () => metrics.stats.taken);
    this.counter(
      'collector_failed_samples_total',
      'Samples that ended in an error.',
      () => metrics.stats.failed,
    );
    this.counter(
      'collector_skipped_samples_total',
      'Samples left out because the one before was still being taken.',
      () => metrics.stats.skipped,
    );
    this.gauge('collector_buffer_samples', 'Samples held in memory.', () => metrics.buffer.length);
    this.gauge(
      'collector_buffer_capacity_samples',
      'How many samples memory can hold.',
      () => metrics.buffer.capacity,
    );
    this.gauge(
      'collector_interval_seconds',
      'Time between two samples; 0 while none are taken.',
      () => scheduler.intervalSeconds,
    );
    const duration = new Histogram({
      name: 'vintagestory_collector_sample_duration_seconds',
      help: 'How long it took to take a sample.',
      buckets: DURATION_BUCKETS_SECONDS,
      registers: [this.registry],
    });
    metrics.snapshots$.subscribe(() => {
      if (metrics.stats.lastDurationMs !== null) duration.observe(metrics.stats.lastDurationMs / 1000);
    });
  }

  private describeAlerts(): void {
    const { alerts } = this;
    new Gauge({
      name: 'vintagestory_alerts_firing',
      help: 'Whether an alert rule fires at the moment of the scrape, by the name of the rule.',
      labelNames: ['rule'],
      registers: [this.registry],
      collect() {
        for (const { rule, state } of alerts.overview.rules) this.set({ rule }, state === 'firing' ? 1 : 0);
      },
    });
    this.gauge(
      'alert_messages_waiting',
      'Messages that the webhook has not taken yet; absent without a webhook.',
      () => (alerts.overview.webhook.isConfigured ? alerts.overview.webhook.waiting : null),
    );
    this.counter(
      'alert_messages_given_up_total',
      'Messages that the webhook refused, or did not take for too long, since this process started; absent likewise.',
      () => (alerts.overview.webhook.isConfigured ? alerts.givenUp : null),
    );
  }

  /** A value that is absent from the answer while `read` has none. */
  private gauge(name: string, help: string, read: () => number | null | undefined): void {
    new Gauge({
      name: `vintagestory_${name}`,
      help,
      registers: [this.registry],
      collect() {
        const value = read();
        if (value === null || value === undefined) this.remove();
        else this.set(value);
      },
    });
  }

  /** A count that is kept elsewhere; absent likewise. */
  private counter(name: string, help: string, read: () => number | null): void {
    new Counter({
      name: `vintagestory_${name}`,
      help,
      registers: [this.registry],
      collect() {
        const count = read();
        this.reset();
        if (count === null) this.remove();
        else this.inc(count);
      },
    });
  }
}

function seconds(ms: number | null | undefined): number | null {
  return ms === null || ms === undefined ? null : ms / 1000;
}
