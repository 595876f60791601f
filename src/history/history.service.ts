import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MetricsScheduler, MetricsService } from '../metrics/index.js';
import { type ExportFormat } from './export-format.js';
import { type HistoryConfig } from './history.config.js';
import { type HistoryStore, type JsonList, type TextPieces } from './history-store.js';
import { MemoryStore } from './memory-store.js';
import { bucketWidthMs, type TimeSpan } from './metrics-bucket.js';
import { Archive } from './sqlite/archive.js';

const MINUTE_MS = 60_000;
/** How long a shutdown waits for queries that are still answered and for the disk. */
const CLOSE_TIMEOUT_MS = 3_000;

/** Which part of the past: the last `minutes`; from `from` up to `to` (ms since 1970); or else what memory holds. */
export interface Past {
  readonly minutes?: number | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/**
 * The one door to the past. It alone knows whether memory or the file answers: the file, unless there is none, or it is
 * degraded, or memory has all that was asked for.
 */
@Injectable()
export class HistoryService implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(HistoryService.name);
  private readonly memory: MemoryStore;
  private readonly archive: Archive | null;

  constructor(
    config: ConfigService<{ history: HistoryConfig }, true>,
    private readonly metrics: MetricsService,
    scheduler: MetricsScheduler,
  ) {
    const { dataDir, retentionDays } = config.get('history', { infer: true });
    this.memory = new MemoryStore(metrics.buffer);
    if (dataDir === '') {
      this.archive = null;
      return;
    }
    this.archive = new Archive(resolve(dataDir), retentionDays, metrics, () => scheduler.intervalSeconds);
    metrics.setRecorder(this.archive);
  }

  async onModuleInit(): Promise<void> {
    await this.archive?.start();
  }

  async onApplicationShutdown(): Promise<void> {
    const closed = this.shutDown().then(() => true);
    if (await Promise.race([closed, delay(CLOSE_TIMEOUT_MS, false, { ref: false })])) return;
    // Nothing is lost by that: the next start reads both.
    this.logger.warn(`The WAL stays beside the archive: closing took over ${CLOSE_TIMEOUT_MS / 1000} s`);
  }

  /**
   * Closes the archive, however long that takes; may be called twice. To be awaited before `process.exit`, which waits for
   * what the worker does inside SQLite as well, but then aborts the process.
   */
  async shutDown(): Promise<void> {
    await this.archive?.close();
  }

  /** Why samples are kept in memory alone, though there is a folder for them; or null. */
  get degraded(): string | null {
    return this.archive?.degraded ?? null;
  }

  /** The earliest time that can be asked for, in ms; null before the first sample. */
  get earliestMs(): number | null {
    return this.archive?.store?.earliestMs ?? this.memory.earliestMs;
  }

  /** Raw samples, oldest first; null when there are more than `limit`. */
  samples(past: Past, limit: number, signal: AbortSignal): Promise<JsonList | null> {
    const { minutes, from } = past;
    if (from === undefined && minutes === undefined) return Promise.resolve(this.memory.all());
    // No upper end, as in memory: after a clock was set back there are samples from the future.
    const span = this.spanOf(past, Infinity);
    const isHeld = from === undefined && this.metrics.buffer.holdsSince(span.fromMs);
    return (isHeld ? this.memory : this.store).samples(span, limit, signal);
  }

  /** At most so many buckets as `points` (from 2), oldest first. */
  async buckets(
    past: Past,
    points: number,
    signal: AbortSignal,
  ): Promise<JsonList & { readonly widthMs: number }> {
    const span = this.spanOf(past, Date.now() + 1);
    const widthMs = bucketWidthMs(span, points);
    return { ...(await this.store.buckets(span, widthMs, signal)), widthMs };
  }

  /** A span as a file; without an end up to now, and without a beginning from the first sample on. */
  async export(
    { from, to }: Pick<Past, 'from' | 'to'>,
    format: ExportFormat,
    signal: AbortSignal,
  ): Promise<{ readonly span: TimeSpan; readonly pieces: TextPieces }> {
    const toMs = to ?? Date.now();
    const span = { fromMs: Math.min(from ?? this.earliestMs ?? toMs, toMs), toMs };
    return { span, pieces: await this.store.export(span, format, signal) };
  }

  private get store(): HistoryStore {
    return this.archive?.store ?? this.memory;
  }

  private spanOf({ minutes, from, to }: Past, endMs: number): TimeSpan {
    const nowMs = Date.now();
    if (from !== undefined) return { fromMs: from, toMs: to ?? Math.max(nowMs, from) + 1 };
    if (minutes !== undefined) return { fromMs: nowMs - minutes * MINUTE_MS, toMs: endMs };
    return { fromMs: Math.min(this.memory.earliestMs ?? nowMs, nowMs), toMs: endMs };
  }
}
