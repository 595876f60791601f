import { Injectable } from '@nestjs/common';
import { MetricsService, type MetricsSnapshot } from '../metrics/index.js';
import {
  type ArchiveCalls,
  type ExportCursor,
  type ExportFormat,
  type JsonList,
} from './sqlite/archive-protocol.js';
import { ArchiveService } from './sqlite/archive.service.js';
import { exportHead, exportRows, exportTail } from './export-format.js';
import { bucketOfOne, bucketsOf, type TimeSpan } from './metrics-bucket.js';

/**
 * Answers about any span of time: from the archive, or from memory while that is off or degraded. A query whose signal
 * says that nobody waits any more is dropped; with too many waiting it rejects with `ArchiveBusy`.
 */
@Injectable()
export class ArchiveHistory {
  constructor(
    private readonly archive: ArchiveService,
    private readonly metrics: MetricsService,
  ) {}

  /** Raw samples of a span as a JSON list; null when there are more than `limit`. */
  async samples(span: TimeSpan, limit: number, signal: AbortSignal): Promise<JsonList | null> {
    const { queries } = this.archive;
    if (queries !== null) return queries.ask('samples', { span, limit }, signal);
    return toJson(this.fromMemory(span));
  }

  /** Buckets of a span as a JSON list; those without samples are left out. */
  async buckets(span: TimeSpan, widthMs: number, signal: AbortSignal): Promise<JsonList> {
    const { queries } = this.archive;
    if (queries !== null) return queries.ask('buckets', { span, widthMs }, signal);
    const wholeFromMs = Math.floor(span.fromMs / widthMs) * widthMs;
    return toJson(bucketsOf(this.fromMemory({ ...span, fromMs: wholeFromMs }), widthMs));
  }

  /**
   * A span as text, piece by piece: the next piece is read when it is asked for, the first one before this resolves.
   * Rows are raw samples where those are kept, and minutes elsewhere. Throws what the archive's worker throws.
   */
  async export(
    span: TimeSpan,
    format: ExportFormat,
    signal: AbortSignal,
  ): Promise<AsyncGenerator<Uint8Array | string, void, undefined>> {
    const { queries } = this.archive;
    if (queries === null) {
      const text = new TextEncoder().encode(exportRows(this.fromMemory(span).map(bucketOfOne), format, true));
      return pages(format, { text, next: null }, () => Promise.reject(new Error('There is one page.')));
    }
    const first = await queries.ask('exportPage', { span, after: null, format }, signal);
    return pages(format, first, (after) => queries.call('exportPage', { span, after, format }));
  }

  private fromMemory({ fromMs, toMs }: TimeSpan): MetricsSnapshot[] {
    return this.metrics.buffer
      .since(new Date(fromMs))
      .filter((snapshot) => snapshot.timestamp.getTime() < toMs);
  }
}

type Page = ArchiveCalls['exportPage']['gives'];

async function* pages(
  format: ExportFormat,
  first: Page,
  next: (after: ExportCursor) => Promise<Page>,
): AsyncGenerator<Uint8Array | string, void, undefined> {
  yield exportHead(format);
  let page = first;
  yield page.text;
  while (page.next !== null) {
    page = await next(page.next);
    yield page.text;
  }
  yield exportTail(format);
}

function toJson(rows: readonly object[]): JsonList {
  return { json: new TextEncoder().encode(JSON.stringify(rows)), count: rows.length };
}
