import { Injectable } from '@nestjs/common';
import { MetricsService, type MetricsSnapshot } from '../metrics/index.js';
import { type ExportFormat, type JsonList } from './archive-protocol.js';
import { ArchiveService } from './archive.service.js';
import { exportHead, exportRows, exportTail } from './export-format.js';
import { bucketsOf, type MetricsBucket, type TimeSpan } from './metrics-bucket.js';

/** Answers about any span of time: from the archive, or from memory while that is off or degraded. */
@Injectable()
export class ArchiveHistory {
  constructor(
    private readonly archive: ArchiveService,
    private readonly metrics: MetricsService,
  ) {}

  /** Raw samples of a span as a JSON list; null when there are more than `limit`. */
  async samples(span: TimeSpan, limit: number): Promise<JsonList | null> {
    const { queries } = this.archive;
    if (queries !== null) return queries.call('samples', { span, limit });
    return toJson(this.fromMemory(span));
  }

  /** Buckets of a span as a JSON list; those without samples are left out. */
  async buckets(span: TimeSpan, widthMs: number): Promise<JsonList> {
    const { queries } = this.archive;
    if (queries !== null) return queries.call('buckets', { span, widthMs });
    const wholeFromMs = Math.floor(span.fromMs / widthMs) * widthMs;
    return toJson(bucketsOf(this.fromMemory({ ...span, fromMs: wholeFromMs }), widthMs));
  }

  /**
   * A span as text, piece by piece: the next piece is read when it is asked for. Rows are raw samples where those are
   * kept, and minutes before that. Throws what the archive's worker throws.
   */
  async *export(span: TimeSpan, format: ExportFormat): AsyncGenerator<Uint8Array | string, void, undefined> {
    yield exportHead(format);
    const { queries } = this.archive;
    if (queries === null) {
      yield exportRows(this.fromMemory(span).map(toRow), format, true);
    } else {
      let page = await queries.call('exportPage', { span, after: null, format });
      yield page.text;
      while (page.next !== null) {
        page = await queries.call('exportPage', { span, after: page.next, format });
        yield page.text;
      }
    }
    yield exportTail(format);
  }

  private fromMemory({ fromMs, toMs }: TimeSpan): MetricsSnapshot[] {
    return this.metrics.buffer
      .since(new Date(fromMs))
      .filter((snapshot) => snapshot.timestamp.getTime() < toMs);
  }
}

function toJson(rows: readonly object[]): JsonList {
  return { json: new TextEncoder().encode(JSON.stringify(rows)), count: rows.length };
}

function toRow(snapshot: MetricsSnapshot): MetricsBucket {
  return {
    ...snapshot,
    apiMemoryMbMax: snapshot.apiMemoryMb,
    apiCpuPercentMax: snapshot.apiCpuPercent,
    gameMemoryMbMax: snapshot.gameMemoryMb,
    gameCpuPercentMax: snapshot.gameCpuPercent,
    sampleCount: 1,
  };
}
