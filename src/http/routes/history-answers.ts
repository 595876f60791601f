import { BadRequestException, Injectable } from '@nestjs/common';
import { type FastifyReply } from 'fastify';
import { ArchiveHistory } from '../../history/archive-history.js';
import { type JsonList } from '../../history/sqlite/archive-protocol.js';
import { ArchiveService } from '../../history/sqlite/archive.service.js';
import { bucketWidthMs, type TimeSpan } from '../../history/metrics-bucket.js';
import { MetricsService } from '../../metrics/index.js';
import { type HistoryQuery } from './history-query.js';
import { okJson } from './success.js';
import { whileWaiting } from './while-waiting.js';

/** How many raw samples one answer may hold: as many as the memory can. */
const MAX_SAMPLES = 100_000;
const MINUTE_MS = 60_000;

/** Bodies of answers about the history, for what the memory alone cannot answer. */
@Injectable()
export class HistoryAnswers {
  constructor(
    private readonly archive: ArchiveService,
    private readonly history: ArchiveHistory,
    private readonly metrics: MetricsService,
  ) {}

  /** Whether the answer is raw samples that are all in memory. */
  areInMemory({ minutes, from, points }: HistoryQuery): boolean {
    if (points !== undefined || from !== undefined) return false;
    return (
      minutes === undefined ||
      this.archive.queries === null ||
      this.archive.isInMemory(Date.now() - minutes * MINUTE_MS)
    );
  }

  /** The body, as JSON. Rejects with a 400 for more raw samples than one answer may hold, and with a 503 under load. */
  async fromArchive(query: HistoryQuery, reply: FastifyReply): Promise<Buffer> {
    const span = this.span(query);
    if (query.points === undefined) {
      const list = await whileWaiting(reply, (signal) => this.history.samples(span, MAX_SAMPLES, signal));
      if (list !== null) return body(list, '');
      throw new BadRequestException(
        `points: this span holds more than ${MAX_SAMPLES} samples; give points=2..10000 to get that many buckets, or ask for less.`,
      );
    }
    const widthMs = bucketWidthMs(span, query.points);
    const buckets = await whileWaiting(reply, (signal) => this.history.buckets(span, widthMs, signal));
    return body(buckets, `,"bucketSeconds":${widthMs / 1000}`);
  }

  private span({ minutes, from, to, points }: HistoryQuery): TimeSpan {
    const nowMs = Date.now();
    if (from !== undefined) return { fromMs: from, toMs: to ?? Math.max(nowMs, from) + 1 };
    const oldestMs = this.metrics.buffer.getOldest()?.timestamp.getTime() ?? nowMs;
    const fromMs = minutes === undefined ? Math.min(oldestMs, nowMs) : nowMs - minutes * MINUTE_MS;
    // Raw samples have no upper end, as in memory: after a clock was set back there are some from the future.
    return { fromMs, toMs: points === undefined ? Infinity : nowMs + 1 };
  }
}

function body({ json, count }: JsonList, more: string): Buffer {
  return okJson('{"metrics":', json, `,"count":${count}${more}}`);
}
