import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { resolve } from 'node:path';
import { EventLog } from '../events/event-log.js';
import { MetricsScheduler, MetricsService } from '../metrics/index.js';
import { type ExportFormat } from './export-format.js';
import { type HistoryConfig } from './history.config.js';
import { type HistoryStore, type JsonList, type TextPieces } from './history-store.js';
import { MemoryStore } from './memory-store.js';
import { bucketWidthMs, type TimeSpan } from './metrics-bucket.js';
import { Archive } from './sqlite/archive.js';

const MINUTE_MS = 60_000;
/** When closing is said to take long: queries are still answered, or the disk is slow. */
const LONG_CLOSE_MS = 3_000;

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
export class HistoryService implements OnModuleInit {
  private readonly logger = new Logger(HistoryService.name);
  private readonly memory: MemoryStore;
  private readonly archive: Archive | null;

  constructor(
    config: ConfigService<{ history: HistoryConfig }, true>,
    private readonly metrics: MetricsService,
    scheduler: MetricsScheduler,
    events: EventLog,
  ) {
    const { dataDir, retentionDays } = config.get('history', { infer: true });
    this.memory = new MemoryStore(metrics.buffer, events);
    if (dataDir === '') {
      this.archive = null;
      return;
    }
    const archive = new Archive(
      resolve(dataDir),
      retentionDays,
      metrics,
      events,
      () => scheduler.intervalSeconds,
    );
    this.archive = archive;
    metrics.setRecorder(archive);
    events.recordWith((event) => archive.recordEvent(event));
  }

  async onModuleInit(): Promise<void> {
    await this.archive?.start();
  }

  /**
   * Closes the archive, however long that takes: the last of all, since until then something may happen that is to be kept.
   * To be awaited before `process.exit`, which waits for what the worker does inside SQLite as well, but then aborts the
   * process.
   */
  async shutDown(): Promise<void> {
    const timer = setTimeout(() => {
      this.logger.warn(`Closing the archive takes over ${LONG_CLOSE_MS / 1000} s`);
    }, LONG_CLOSE_MS);
    await this.archive?.close();
    clearTimeout(timer);
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
    past: Pick<Past, 'from' | 'to'>,
    format: ExportFormat,
    signal: AbortSignal,
  ): Promise<{ readonly span: TimeSpan; readonly pieces: TextPieces }> {
    const span = this.exportSpan(past);
    return { span, pieces: await this.store.export(span, format, signal) };
  }

  /** The newest events of a span, at most `limit`, newest first. */
  events({ from, to }: Pick<Past, 'from' | 'to'>, limit: number, signal: AbortSignal): Promise<JsonList> {
    return this.store.events({ fromMs: from ?? 0, toMs: to ?? Infinity }, limit, signal);
  }

  /** The events of a span as a file, oldest first; without an end up to now, and without a beginning as far as the history reaches. */
  async exportEvents(
    past: Pick<Past, 'from' | 'to'>,
    format: ExportFormat,
    signal: AbortSignal,
  ): Promise<{ readonly span: TimeSpan; readonly pieces: TextPieces }> {
    const span = this.exportSpan(past);
    const fromMs = past.from ?? 0;
    return { span, pieces: await this.store.exportEvents({ ...span, fromMs }, format, signal) };
  }

  private get store(): HistoryStore {
    return this.archive?.store ?? this.memory;
  }

  private exportSpan({ from, to }: Pick<Past, 'from' | 'to'>): TimeSpan {
    const toMs = to ?? Date.now() + 1;
    return { fromMs: Math.min(from ?? this.earliestMs ?? toMs, toMs), toMs };
  }

  private spanOf({ minutes, from, to }: Past, endMs: number): TimeSpan {
    const nowMs = Date.now();
    if (from !== undefined) return { fromMs: from, toMs: to ?? Math.max(nowMs, from) + 1 };
    if (minutes !== undefined) return { fromMs: nowMs - minutes * MINUTE_MS, toMs: endMs };
    return { fromMs: Math.min(this.memory.earliestMs ?? nowMs, nowMs), toMs: endMs };
  }
}
