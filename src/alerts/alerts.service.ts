import {
  Injectable,
  Logger,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { Subscription } from 'rxjs';
import { dataDirLock } from '../config/data-dir-lock.js';
import { EventLog } from '../events/event-log.js';
import { GameLimits } from '../game-server/game-limits.js';
import { GameServer } from '../game-server/game-server.js';
import { MEMORY_LIMIT_WORDS } from '../game-server/lowest-memory-limit.js';
import { HistoryService } from '../history/history.service.js';
import { MetricsScheduler, MetricsService } from '../metrics/index.js';
import { AlertStore } from './alert-store.js';
import { type AlertsOverview } from './alerts-overview.js';
import { type AlertsConfig } from './alerts.config.js';
import { AlertsStateError } from './alerts-state-error.js';
import { composeMessage, testMessage } from './compose-message.js';
import { gameEventOf } from './game-event.js';
import { AlertEngine } from './rules/alert-engine.js';
import { type AlertLimits, type AlertSurroundings } from './rules/alert-rule.js';
import { type AlertTransition, type Moment } from './rules/alert-transition.js';
import { conditionOf } from './webhook/message-text.js';
import { postWebhook } from './webhook/webhook-client.js';
import { receiverKind, webhookRequest } from './webhook/webhook-format.js';
import { WebhookQueue } from './webhook/webhook-queue.js';

const BEAT_MS = 1000;

/**
 * Looks at each snapshot, each event, and once a second at the time; tells what begins and ends as an event and, where there is a
 * webhook, as a message. What fires and what is still to be sent outlast a restart. Of several copies of this app on
 * one data folder, only the one that has it does so.
 */
@Injectable()
export class AlertsService implements OnModuleInit, OnModuleDestroy, OnApplicationShutdown {
  private readonly logger = new Logger(AlertsService.name);
  private readonly config: AlertsConfig;
  private readonly sources = new Subscription();
  private engine: AlertEngine;
  /** Null until the data folder is ours. */
  private store: AlertStore | null = null;
  /** Null while there is no store, and without a webhook. */
  private queue: WebhookQueue | null = null;
  private keptRevision = 0;
  private timer: NodeJS.Timeout | undefined;
  private closing: Promise<void> | undefined;
  /** What failed the last time. */
  private readonly failing = new Set<string>();

  constructor(
    config: ConfigService<{ alerts: AlertsConfig }, true>,
    private readonly metrics: MetricsService,
    private readonly scheduler: MetricsScheduler,
    private readonly history: HistoryService,
    private readonly server: GameServer,
    private readonly limits: GameLimits,
    private readonly events: EventLog,
  ) {
    this.config = config.get('alerts', { infer: true });
    this.engine = new AlertEngine(this.config.thresholds, this.config.forMs, null, now());
  }

  /** How the rules stand, and what becomes of their messages. */
  get overview(): AlertsOverview {
    const { webhook } = this.config;
    return {
      webhook: {
        isConfigured: webhook !== null,
        kind: webhook === null ? null : receiverKind(webhook),
        waiting: this.queue?.length ?? 0,
        problem: this.queue?.problem ?? null,
      },
      rules: this.engine.statuses,
    };
  }

  /** How many messages were given up in this run. */
  get givenUp(): number {
    return this.queue?.givenUp ?? 0;
  }

  /** Sends a message that says nothing; throws an {@link AlertsStateError} where that cannot be. */
  sendTest(): void {
    if (this.config.webhook === null) {
      throw new AlertsStateError('No webhook is configured: set VS_ALERT_WEBHOOK.');
    }
    if (this.store === null || this.queue === null) {
      throw new AlertsStateError(
        `Another copy of this app has the folder ${this.config.dataDir} (VS_DATA_DIR) and sends its alerts: ask that one.`,
      );
    }
    // One that waits already will tell the same, and must push no alert out of the queue.
    if (this.store.current.waiting.some(({ status }) => status === 'test')) return;
    this.queue.add([testMessage(this.config, new Date())]);
  }

  onModuleInit(): void {
    this.safely('what was kept', () => this.begin());
    this.sources.add(
      this.metrics.snapshots$.subscribe((snapshot) => {
        this.safely('a sample', () => {
          if (this.store !== null)
            this.tell(this.engine.sample(snapshot, this.gameLimits(), this.surroundings(), now()));
        });
      }),
    );
    this.sources.add(
      this.events.events$.subscribe((event) => {
        const gameEvent = gameEventOf(event);
        if (gameEvent === null) return;
        this.safely('an event', () => {
          if (this.store !== null) this.tell(this.engine.event(gameEvent, now()));
        });
      }),
    );
    this.timer = setInterval(() => {
      this.safely('the time', () => {
        this.beat();
      });
    }, BEAT_MS).unref();
  }

  /** The messages get their last chance while everything else closes; what happens from now on is told after the next start. */
  onModuleDestroy(): void {
    clearInterval(this.timer);
    this.closing = this.queue?.close();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.closing;
    this.sources.unsubscribe();
  }

  /** Takes up where an earlier run ended, once the data folder is ours; says whether it is. */
  private begin(): boolean {
    const { dataDir, thresholds, forMs, webhook } = this.config;
    if (!isOurs(dataDir)) return false;
    const store = new AlertStore(dataDir);
    this.engine = new AlertEngine(thresholds, forMs, store.current.rules, now());
    this.keptRevision = this.engine.revision;
    this.store = store;
    if (webhook !== null) {
      const kind = receiverKind(webhook);
      this.queue = new WebhookQueue(store, (message, signal) =>
        postWebhook(webhook, webhookRequest(kind, message), { signal }),
      );
      this.queue.start();
    } else if (store.current.waiting.length > 0) {
      this.logger.warn(
        `Alert messages that are thrown away, as VS_ALERT_WEBHOOK is not set any more: ${store.current.waiting.length}`,
      );
      store.commit({ waiting: [] });
    }
    return true;
  }

  private beat(): void {
    if (this.store === null && !this.begin()) return;
    const { engine, server } = this;
    const moment = now();
    // Also of a game that was taken over, or that something else runs.
    if (server.gameServerPid !== null) this.tell(engine.event({ kind: 'up' }, moment));
    // Nobody can start it, or stop it, any more.
    if (server.status.state === 'not_configured') this.tell(engine.event({ kind: 'stopped' }, moment));
    this.tell(engine.beat(this.surroundings(), moment));
  }

  private surroundings(): AlertSurroundings {
    return {
      intervalSeconds: this.scheduler.intervalSeconds,
      isHistoryDegraded: this.history.degraded !== null,
    };
  }

  private gameLimits(): AlertLimits {
    const memory = this.limits.memory();
    return {
      memoryLimit: memory === null ? null : { mb: memory.mb, what: MEMORY_LIMIT_WORDS[memory.source] },
      dieBelowDiskFreeMb: this.limits.dieBelowDiskSpaceMb(),
    };
  }

  /** Keeps what has changed together with the messages about it, and says it to the others after that. */
  private tell(transitions: readonly AlertTransition[]): void {
    const { engine, store, queue } = this;
    if (store === null || (transitions.length === 0 && engine.revision === this.keptRevision)) return;
    this.keptRevision = engine.revision;
    if (queue === null) store.commit({ rules: engine.state });
    else
      queue.add(
        transitions.map((transition) => composeMessage(this.withPlan(transition), this.config)),
        engine.state,
      );
    for (const transition of transitions) this.report(transition);
  }

  /** What follows a crash is known by the time it is told: that it is started again, or that it is not. */
  private withPlan(transition: AlertTransition): AlertTransition {
    const { lastError } = this.server.status;
    const isLonger = transition.rule === 'game' && lastError?.startsWith(transition.text) === true;
    return isLonger && transition.status === 'firing' ? { ...transition, text: lastError } : transition;
  }

  private report(transition: AlertTransition): void {
    const condition = conditionOf(transition);
    if (transition.status === 'firing') {
      this.logger.warn(`Alert: ${condition}`);
      this.events.tell('alert_fired', { condition });
    } else if (transition.status === 'resolved') {
      this.logger.log(`Alert over: ${condition}`);
      this.events.tell('alert_resolved', { condition });
    }
  }

  /** An error in here must end neither the sampling nor the beats; the first of several in a row is logged. */
  private safely(what: string, action: () => void): void {
    try {
      action();
      this.failing.delete(what);
    } catch (error) {
      if (this.failing.has(what)) return;
      this.failing.add(what);
      const stack = error instanceof Error ? error.stack : String(error);
      this.logger.error(`The alerts could not take in ${what}`, stack);
    }
  }
}

function now(): Moment {
  return { atMs: performance.now(), date: new Date() };
}

/** False while another copy has the data folder; one that cannot be used at all is no other's. */
function isOurs(dataDir: string): boolean {
  try {
    return dataDir === '' || dataDirLock(dataDir).take();
  } catch {
    return true;
  }
}
