import { Logger } from '@nestjs/common';
import { type TimelineEvent } from '../../events/event.js';
import { type EventLog } from '../../events/event-log.js';
import { type MetricsService, type MetricsSnapshot, type SampleRecorder } from '../../metrics/index.js';
import { type HistoryStore } from '../history-store.js';
import { ArchiveProblem, problemOf } from './archive-problem.js';
import { MaintenanceSchedule } from './maintenance-schedule.js';
import { OpenArchive } from './open-archive.js';
import { tellPreviousEnd } from './previous-run.js';
import { isDamage } from './sqlite.js';
import { WriteQueue } from './write-queue.js';

/** How often an archive that cannot be written is tried again. */
const RETRY_MS = 2000;

/**
 * Keeps every sample and every event on disk, and fills the memory from there at start. Both are written in the turn of the
 * event loop in which they come. When the file cannot be written they wait in memory and {@link degraded} says why; it is
 * opened again, taken over from another copy of the app, or begun anew, by itself.
 */
export class Archive implements SampleRecorder {
  private readonly logger = new Logger(Archive.name);
  private readonly queue: WriteQueue;
  private readonly maintenance = new MaintenanceSchedule();
  private current: OpenArchive | null = null;
  private problem: ArchiveProblem | null = null;
  private isOpening = false;
  private isFirstOpen = true;
  /** Called once no event waits for a lock any more. */
  private readonly released: (() => void)[] = [];
  private closing: Promise<void> | null = null;

  /** `intervalSeconds` is asked for the time until about the next sample. */
  constructor(
    private readonly dataDir: string,
    private readonly retentionDays: number,
    private readonly metrics: MetricsService,
    private readonly events: EventLog,
    private readonly intervalSeconds: () => number,
  ) {
    this.queue = new WriteQueue(metrics.buffer.capacity, () => {
      this.tryAgain();
    });
  }

  /** Why samples are not being written, or null. */
  get degraded(): string | null {
    return this.problem?.message ?? null;
  }

  /** What answers queries, or null while only memory can. */
  get store(): HistoryStore | null {
    return this.problem === null ? (this.current?.store ?? null) : null;
  }

  /** Opens the file, and fills the memory from it. */
  async start(): Promise<void> {
    const opened = await this.open();
    if (opened === null) return;
    const { writer } = opened.file;
    try {
      const newest = writer.newest(this.metrics.buffer.capacity);
      this.metrics.restore(newest, writer.latestTimeBefore(newest.length));
      this.lookBack(opened);
    } catch (error) {
      this.metrics.restore([], Date.now());
      this.postpone(error, opened);
      return;
    }
    if (!this.queue.isEmpty) this.write();
  }

  /** Writes a sample, or has it wait. */
  record(snapshot: MetricsSnapshot): void {
    this.queue.addSample(snapshot);
    if (this.problem === null) this.write();
  }

  /**
   * Writes an event, or has it wait. While it only waits for a lock that is not held for long, there is a promise that
   * settles when it is written, or when that has become a problem.
   */
  recordEvent(event: TimelineEvent): Promise<void> | null {
    this.queue.addEvent(event);
    if (this.problem !== null || this.current === null) return null;
    this.write();
    if (!this.queue.holds(event) || this.degraded !== null) return null;
    return new Promise((resolve) => {
      this.released.push(resolve);
    });
  }

  /** Writes what waits and closes the file; may be called twice. */
  close(): Promise<void> {
    return (this.closing ??= this.closeNow());
  }

  private async closeNow(): Promise<void> {
    this.queue.close();
    const { current } = this;
    this.current = null;
    if (current === null) return;
    const waiting = this.queue.describe();
    try {
      this.queue.writeAll(current.file.writer);
    } catch (error) {
      const { message } = problemOf(error, current.file.path);
      this.logger.warn(`The last ${waiting} are lost: ${message}`);
    }
    this.release();
    await current.close();
  }

  private write(): void {
    const { current, queue } = this;
    if (current === null) return;
    if (!current.file.isInPlace) {
      this.giveUp(current, null);
      return;
    }
    try {
      queue.write(current.file.writer);
    } catch (error) {
      this.postpone(error, current);
      return;
    }
    if (!queue.isEmpty) queue.retryIn(0);
    else {
      this.release();
      this.recovered();
    }
    this.maintenance.afterWrite(current, this.intervalSeconds());
  }

  private postpone(error: unknown, archive: OpenArchive): void {
    if (isDamage(error)) this.giveUp(archive, error);
    else if (!this.queue.waitsFor(error)) this.fail(problemOf(error, archive.file.path));
  }

  private tryAgain(): void {
    if (this.current !== null) this.write();
    else if (!this.isOpening) void this.openAgain();
  }

  private async openAgain(): Promise<void> {
    const opened = await this.open();
    if (opened === null) return;
    try {
      // Another copy may have written meanwhile.
      this.metrics.restore([], opened.file.writer.latestTimeBefore(0));
      this.lookBack(opened);
    } catch (error) {
      this.fail(problemOf(error, opened.file.path));
      return;
    }
    // What was sampled while another copy wrote is in the file already, as that copy saw it.
    if (this.problem?.isTakenByOther === true) this.queue.clearSamples();
    this.write();
  }

  private async open(): Promise<OpenArchive | null> {
    this.isOpening = true;
    try {
      const say = (text: string) => {
        this.logger.warn(text);
      };
      const opened = await OpenArchive.open(this.dataDir, this.retentionDays, say, (archive, damage) => {
        if (this.current === archive) this.giveUp(archive, damage);
      });
      if (this.closing !== null) {
        opened.file.close();
        return null;
      }
      this.current = opened;
      return opened;
    } catch (error) {
      this.fail(problemOf(error, this.dataDir));
      return null;
    } finally {
      this.isOpening = false;
    }
  }

  private fail(problem: ArchiveProblem): void {
    const before = this.problem;
    this.problem = problem;
    this.queue.retryIn(RETRY_MS);
    this.release();
    if (before?.message !== problem.message) {
      this.logger.warn(`Samples are kept in memory only, writing is tried again: ${problem.message}`);
    }
    if (before?.brief !== problem.brief) this.events.tell('history_degraded', { problem: problem.brief });
  }

  private recovered(): void {
    if (this.problem === null) return;
    this.problem = null;
    this.logger.log('Samples are written to the archive again');
    this.events.tell('history_recovered');
  }

  /** Once in this run: when it is opened again, the last that was written there is of this run. */
  private lookBack({ file }: OpenArchive): void {
    if (!this.isFirstOpen) return;
    tellPreviousEnd(file.writer, this.events);
    this.isFirstOpen = false;
  }

  private release(): void {
    for (const resolve of this.released.splice(0)) resolve();
  }

  /** Begins anew: the file was deleted or replaced, or has shown to be damaged. */
  private giveUp(archive: OpenArchive, damage: Error | null): void {
    const { path } = archive.file;
    this.current = null;
    const gone = damage === null ? archive.abandon() : archive.setAside(damage);
    this.fail(
      damage === null
        ? new ArchiveProblem(
            `${path} was deleted or replaced while it was open.`,
            'it was deleted or replaced',
          )
        : problemOf(damage, path),
    );
    // Not before the worker has left.
    this.queue.pause();
    void gone
      .catch((error: unknown) => {
        this.fail(problemOf(error, path));
      })
      .finally(() => {
        this.queue.retryIn(RETRY_MS);
      });
  }
}
