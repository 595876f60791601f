import { Logger } from '@nestjs/common';
import { steadyNowMs } from '../../process/clock.js';
import { problemOf } from './archive-problem.js';
import { type OpenArchive } from './open-archive.js';

/** How often the WAL goes into the file: what a power cut can take is younger than that. */
const EVERY_MS = 60_000;
/** Between two steps when there is more to delete. */
const STEP_MS = 100;
/** The part of the time between two writes in which a step may hold the write lock. */
const SHARE = 0.8;

/** When the worker does a step of the maintenance: right after a write, since nobody needs the write lock until the next. */
export class MaintenanceSchedule {
  private readonly logger = new Logger('Archive');
  private nextMs = 0;
  private nextCheckpointMs = 0;
  private failure = '';

  /** To be called after each write; `intervalSeconds`: until about the next one. */
  afterWrite({ file, client }: OpenArchive, intervalSeconds: number): void {
    const nowMs = steadyNowMs();
    if (nowMs < this.nextMs) return;
    this.nextMs = nowMs + EVERY_MS;
    const checkpoint = nowMs >= this.nextCheckpointMs;
    if (checkpoint) this.nextCheckpointMs = this.nextMs;
    client
      .call('maintain', { checkpoint, untilMs: nowMs + intervalSeconds * 1000 * SHARE })
      .then(({ more }) => {
        if (checkpoint) file.writer.expectNewWal();
        if (more) this.nextMs = steadyNowMs() + STEP_MS;
        this.failure = '';
      })
      .catch((error: unknown) => {
        const { message } = problemOf(error, file.path);
        if (message !== this.failure) this.logger.warn(`Maintenance of the archive failed: ${message}`);
        this.failure = message;
      });
  }
}
