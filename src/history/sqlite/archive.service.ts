import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MetricsScheduler, MetricsService, type MetricsSnapshot } from '../../metrics/index.js';
import { ArchiveClient } from './archive-client.js';
import { ArchiveFile } from './archive-file.js';
import { ArchiveProblem, problemOf } from './archive-problem.js';
import { monotonicMs } from './archive-protocol.js';
import { type HistoryConfig } from '../history.config.js';
import { moveAside } from './damage.js';
import { errorCode, isDamage } from './sqlite.js';

/** How often an archive that cannot be written is tried again. */
const RETRY_MS = 2000;
/** How often a lock that another program holds is tried again, and for how long before that is a problem. */
const BUSY_RETRY_MS = 20;
const BUSY_PATIENCE_MS = 1000;
/** How many samples are caught up in one turn of the event loop. */
const BATCH = 200;
/** How often the WAL goes into the file: what a power cut can take is younger than that. */
const UPKEEP_EVERY_MS = 60_000;
/** The part of the time between two writes in which a step may hold the write lock. */
const UPKEEP_SHARE = 0.8;
/** How long a shutdown waits for queries that are still answered and for the disk. */
const CLOSE_TIMEOUT_MS = 3_000;
/** Between two steps when there is more to delete. */
const UPKEEP_STEP_MS = 100;

/**
 * Keeps every sample on disk, and fills the memory from there at start. It is the first to hear of a sample and
 * writes it in the same turn of the event loop, so a sample that a client has seen is in the file. When the file
 * cannot be written the samples wait in memory and {@link degraded} says why; it goes on by itself.
 */
@Injectable()
export class ArchiveService implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(ArchiveService.name);
  private readonly dataDir: string;
  private readonly retentionDays: number;
  private file: ArchiveFile | null = null;
  private worker: ArchiveClient | null = null;
  private problem: ArchiveProblem | null = null;
  private readonly unwritten: MetricsSnapshot[] = [];
  private retryTimer: NodeJS.Timeout | undefined;
  private isOpening = false;
  private isOver = false;
  private busySinceMs: number | null = null;
  private closing: Promise<void> | null = null;
  private nextUpkeepMs = 0;
  private nextCheckpointMs = 0;
  private upkeepFailure = '';
  /** The latest time among the samples that are no longer in memory. */
  private forgottenUpToMs = -Infinity;
  private oldestInMemory: MetricsSnapshot | null = null;

  constructor(
    config: ConfigService<{ history: HistoryConfig }, true>,
    private readonly metrics: MetricsService,
    private readonly scheduler: MetricsScheduler,
  ) {
    const { dataDir, retentionDays } = config.get('history', { infer: true });
    this.dataDir = dataDir === '' ? '' : resolve(dataDir);
    this.retentionDays = retentionDays;
    // Here and not in a hook: whoever else listens comes later.
    if (this.dataDir !== '') {
      metrics.snapshots$.subscribe((snapshot) => {
        this.keep(snapshot);
      });
    }
  }

  async onModuleInit(): Promise<void> {
    if (this.dataDir === '') return;
    await this.open();
    if (this.file === null) return;
    const { writer } = this.file;
    const { buffer } = this.metrics;
    try {
      for (const snapshot of writer.newest(buffer.capacity)) buffer.append(snapshot);
      this.forgottenUpToMs = writer.latestTimeBefore(buffer.length) ?? -Infinity;
    } catch (error) {
      this.postpone(error, this.file);
    }
    this.oldestInMemory = buffer.getOldest();
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
  shutDown(): Promise<void> {
    return (this.closing ??= this.close());
  }

  private async close(): Promise<void> {
    this.isOver = true;
    clearTimeout(this.retryTimer);
    const { file, worker } = this;
    this.file = null;
    this.worker = null;
    if (file === null) return;
    this.writeTheRest(file);
    await worker?.close().catch((error: unknown) => {
      this.logger.warn(`The WAL stays beside the archive: ${problemOf(error, file.path).message}`);
    });
    file.close();
  }

  /** Whether there is an archive at all: not without a folder for it. */
  get isOn(): boolean {
    return this.dataDir !== '';
  }

  /** Why samples are not being written, or null. */
  get degraded(): string | null {
    return this.problem?.message ?? null;
  }

  /** The worker that answers queries, or null while only memory can answer. */
  get queries(): ArchiveClient | null {
    return this.problem === null ? this.worker : null;
  }

  /** Whether the memory holds every sample taken at `fromMs` or later. */
  isInMemory(fromMs: number): boolean {
    return fromMs > this.forgottenUpToMs;
  }

  /** The earliest time that can be asked for, in ms; null before the first sample. */
  get earliestMs(): number | null {
    const inMemoryMs = this.metrics.buffer.getOldest()?.timestamp.getTime() ?? null;
    return this.queries === null ? inMemoryMs : (this.file?.writer.earliestTime ?? inMemoryMs);
  }

  private keep(snapshot: MetricsSnapshot): void {
    this.noteForgotten();
    this.unwritten.push(snapshot);
    if (this.unwritten.length > this.metrics.buffer.capacity) this.unwritten.shift();
    if (this.problem === null) this.write();
  }

  private noteForgotten(): void {
    const oldest = this.metrics.buffer.getOldest();
    if (this.oldestInMemory !== null && this.oldestInMemory !== oldest) {
      this.forgottenUpToMs = Math.max(this.forgottenUpToMs, this.oldestInMemory.timestamp.getTime());
    }
    this.oldestInMemory = oldest;
  }

  private write(): void {
    const { file } = this;
    if (file === null) return;
    if (!file.isInPlace) {
      this.giveUp(file, null);
      return;
    }
    const batch = this.unwritten.slice(0, BATCH);
    try {
      if (batch.length > 0) file.writer.write(batch);
    } catch (error) {
      this.postpone(error, file);
      return;
    }
    this.busySinceMs = null;
    this.unwritten.splice(0, batch.length);
    if (this.unwritten.length > 0) this.retryIn(0);
    else this.recovered();
    this.upkeep(file);
  }

  private writeTheRest({ writer, path }: ArchiveFile): void {
    if (this.unwritten.length === 0) return;
    try {
      writer.write(this.unwritten);
    } catch (error) {
      this.logger.warn(
        `The last ${this.unwritten.length} samples are lost: ${problemOf(error, path).message}`,
      );
    }
  }

  private postpone(error: unknown, file: ArchiveFile): void {
    if (isDamage(error)) {
      this.giveUp(file, error);
      return;
    }
    if (errorCode(error).startsWith('SQLITE_BUSY')) {
      this.busySinceMs ??= monotonicMs();
      if (monotonicMs() - this.busySinceMs < BUSY_PATIENCE_MS) {
        this.retryIn(BUSY_RETRY_MS);
        return;
      }
    }
    this.fail(problemOf(error, file.path));
  }

  private retryIn(delayMs: number): void {
    clearTimeout(this.retryTimer);
    if (this.isOver) return;
    this.retryTimer = setTimeout(() => {
      if (this.file !== null) this.write();
      else if (!this.isOpening)
        void this.open().then(() => {
          this.write();
        });
    }, delayMs).unref();
  }

  private async open(): Promise<void> {
    this.isOpening = true;
    try {
      const file = await ArchiveFile.open(this.dataDir, (text) => {
        this.logger.warn(text);
      });
      if (this.isOver) {
        file.close();
        return;
      }
      this.file = file;
      this.worker = new ArchiveClient(file.path, this.retentionDays, (problem) => {
        if (this.file === file) this.giveUp(file, problem);
      });
      this.forgottenUpToMs = Math.max(
        this.forgottenUpToMs,
        this.file.writer.latestTimeBefore(0) ?? -Infinity,
      );
    } catch (error) {
      this.fail(problemOf(error, this.file?.path ?? this.dataDir));
      return;
    } finally {
      this.isOpening = false;
    }
    // What was sampled while another copy wrote is in the file already, as that copy saw it.
    if (this.problem?.isTakenByOther === true) this.unwritten.length = 0;
  }

  private fail(problem: ArchiveProblem): void {
    if (this.problem?.message !== problem.message) {
      this.logger.warn(`Samples are kept in memory only, writing is tried again: ${problem.message}`);
    }
    this.problem = problem;
    this.retryIn(RETRY_MS);
  }

  private recovered(): void {
    if (this.problem === null) return;
    this.problem = null;
    this.logger.log('Samples are written to the archive again');
  }

  /** Lets the worker do a step, right after a write: until about the next one nobody needs the write lock. */
  private upkeep(file: ArchiveFile): void {
    const nowMs = monotonicMs();
    if (nowMs < this.nextUpkeepMs || this.worker === null) return;
    this.nextUpkeepMs = nowMs + UPKEEP_EVERY_MS;
    const checkpoint = nowMs >= this.nextCheckpointMs;
    if (checkpoint) this.nextCheckpointMs = this.nextUpkeepMs;
    const untilMs = nowMs + this.scheduler.intervalSeconds * 1000 * UPKEEP_SHARE;
    this.worker
      .call('upkeep', { checkpoint, untilMs })
      .then(({ more }) => {
        if (checkpoint) file.writer.expectNewWal();
        if (more) this.nextUpkeepMs = monotonicMs() + UPKEEP_STEP_MS;
        this.upkeepFailure = '';
      })
      .catch((error: unknown) => {
        const { message } = problemOf(error, file.path);
        if (message !== this.upkeepFailure) this.logger.warn(`Upkeep of the archive failed: ${message}`);
        this.upkeepFailure = message;
      });
  }

  /** Begins anew: the file was deleted or replaced, or has shown to be damaged. */
  private giveUp(file: ArchiveFile, damage: Error | null): void {
    const { worker } = this;
    this.file = null;
    this.worker = null;
    if (damage === null) {
      file.abandon();
      this.fail(new ArchiveProblem(`${file.path} was deleted or replaced while it was open.`));
    } else {
      file.close();
      this.fail(problemOf(damage, file.path));
    }
    clearTimeout(this.retryTimer);
    const proceed = () => {
      if (damage !== null) this.setAside(file.path, damage);
      this.retryIn(RETRY_MS);
    };
    void (worker?.leave() ?? Promise.resolve()).then(proceed, proceed);
  }

  private setAside(path: string, damage: Error): void {
    try {
      moveAside(path, damage.message, (text) => {
        this.logger.warn(text);
      });
    } catch (error) {
      this.fail(problemOf(error, path));
    }
  }
}
