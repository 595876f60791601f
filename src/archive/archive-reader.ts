import { type ExportCursor } from './archive-protocol.js';
import { type MetricsBucket, roundMean, type TimeSpan } from './metrics-bucket.js';
import { MINUTE_MS } from './schema.js';
import { type Connection, type Statement } from './sqlite.js';
import { type MetricsSnapshot } from '../metrics/index.js';

const SAMPLE_COLUMNS = 'time_ms, api_memory_mb, api_cpu_percent, game_memory_mb, game_cpu_percent';

const SAMPLE_BUCKETS = `
SELECT time_ms / CAST(?3 AS INTEGER) AS bucket,
  AVG(api_memory_mb), AVG(api_cpu_percent), AVG(game_memory_mb), AVG(game_cpu_percent),
  MAX(api_memory_mb), MAX(api_cpu_percent), MAX(game_memory_mb), MAX(game_cpu_percent), COUNT(*)
FROM sample WHERE time_ms >= ?1 AND time_ms < ?2 GROUP BY bucket ORDER BY bucket`;

// The mean of means, each weighted with the number of samples behind it. A sum over nothing is NULL, and so is x/0.
const MINUTE_BUCKETS = `
SELECT time_ms / CAST(?3 AS INTEGER) AS bucket,
  SUM(api_memory_mb * sample_count) / SUM(sample_count),
  SUM(api_cpu_percent * sample_count) / SUM(sample_count),
  SUM(game_memory_mb * game_sample_count) / SUM(game_sample_count),
  SUM(game_cpu_percent * game_sample_count) / SUM(game_sample_count),
  MAX(api_memory_mb_max), MAX(api_cpu_percent_max), MAX(game_memory_mb_max), MAX(game_cpu_percent_max),
  SUM(sample_count)
FROM minute WHERE time_ms >= ?1 AND time_ms < ?2 GROUP BY bucket ORDER BY bucket`;

// Both pages go on after a row by time and, because a clock that jumped back gives a time twice, by id.
const SAMPLE_PAGE = `
SELECT ${SAMPLE_COLUMNS}, api_memory_mb, api_cpu_percent, game_memory_mb, game_cpu_percent, 1, id
FROM sample WHERE time_ms >= ?1 AND time_ms < ?2 AND (time_ms > ?1 OR id > ?3)
ORDER BY time_ms, id LIMIT CAST(?4 AS INTEGER)`;

const MINUTE_PAGE = `
SELECT ${SAMPLE_COLUMNS}, api_memory_mb_max, api_cpu_percent_max, game_memory_mb_max, game_cpu_percent_max,
  sample_count, id
FROM minute WHERE time_ms >= ?1 AND time_ms < ?2 AND (time_ms > ?1 OR id > ?3)
ORDER BY time_ms LIMIT CAST(?4 AS INTEGER)`;

type Nullable = number | null;
type SampleRow = [number, number, number, Nullable, Nullable];
type BucketRow = [...SampleRow, number, number, Nullable, Nullable, number];
type PageRow = [...BucketRow, number];

/** Queries of the archive, for a connection of a thread that may be held: they take up to seconds. */
export class ArchiveReader {
  private readonly earliestSample: Statement;
  private readonly countUpTo: Statement;
  private readonly selectSamples: Statement;
  private readonly sampleBuckets: Statement;
  private readonly minuteBuckets: Statement;
  private readonly samplePage: Statement;
  private readonly minutePage: Statement;

  constructor(db: Connection) {
    const inSpan = 'FROM sample WHERE time_ms >= ?1 AND time_ms < ?2';
    this.earliestSample = db.prepare('SELECT MIN(time_ms) FROM sample').raw();
    this.countUpTo = db.prepare(`SELECT COUNT(*) FROM (SELECT 1 ${inSpan} LIMIT CAST(?3 AS INTEGER))`).raw();
    this.selectSamples = db.prepare(`SELECT ${SAMPLE_COLUMNS} ${inSpan} ORDER BY time_ms, id`).raw();
    this.sampleBuckets = db.prepare(SAMPLE_BUCKETS).raw();
    this.minuteBuckets = db.prepare(MINUTE_BUCKETS).raw();
    this.samplePage = db.prepare(SAMPLE_PAGE).raw();
    this.minutePage = db.prepare(MINUTE_PAGE).raw();
  }

  /** Raw samples of a span by time, or null when there are more than `limit`. */
  samples({ fromMs, toMs }: TimeSpan, limit: number): MetricsSnapshot[] | null {
    const [count] = this.countUpTo.get(fromMs, toMs, limit + 1) as [number];
    if (count > limit) return null;
    return (this.selectSamples.all(fromMs, toMs) as SampleRow[]).map((row) => ({
      timestamp: new Date(row[0]),
      apiMemoryMb: row[1],
      apiCpuPercent: row[2],
      gameMemoryMb: row[3],
      gameCpuPercent: row[4],
    }));
  }

  /**
   * Buckets of a span by time, whole ones: the first begins at or before the span. From minute rows when the buckets
   * are whole minutes, and where raw rows are no longer kept.
   */
  buckets({ fromMs, toMs }: TimeSpan, widthMs: number): MetricsBucket[] {
    const startMs = Math.floor(fromMs / widthMs) * widthMs;
    const rawFromMs = widthMs % MINUTE_MS === 0 ? Infinity : this.rawFromMs();
    const minutesToMs = Math.min(toMs, rawFromMs);
    const samplesFromMs = Math.max(startMs, rawFromMs);
    const buckets: MetricsBucket[] = [];
    if (startMs < minutesToMs) {
      const rows = this.minuteBuckets.all(startMs, minutesToMs, widthMs) as BucketRow[];
      buckets.push(...rows.map((row) => toBucket(row, row[0] * widthMs)));
    }
    if (samplesFromMs < toMs) {
      const rows = this.sampleBuckets.all(samplesFromMs, toMs, widthMs) as BucketRow[];
      buckets.push(...rows.map((row) => toBucket(row, row[0] * widthMs)));
    }
    return buckets;
  }

  /** The next rows of an export: minute rows up to where raw samples are kept, then those. */
  page(
    { fromMs, toMs }: TimeSpan,
    after: ExportCursor | null,
    limit: number,
  ): { rows: MetricsBucket[]; next: ExportCursor | null } {
    if (after === null || after.table === 'minute') {
      const minutesToMs = Math.min(toMs, this.rawFromMs());
      const rows = this.readPage(this.minutePage, { fromMs, toMs: minutesToMs }, after, limit);
      const last = rows.at(-1);
      if (last !== undefined) {
        return { rows: rows.map(toExportRow), next: { table: 'minute', timeMs: last[0], id: last[10] } };
      }
      if (minutesToMs === toMs) return { rows: [], next: null };
      return this.page({ fromMs, toMs }, { table: 'sample', timeMs: fromMs, id: -1 }, limit);
    }
    const rows = this.readPage(this.samplePage, { fromMs, toMs }, after, limit);
    const last = rows.at(-1);
    const next =
      last === undefined || rows.length < limit
        ? null
        : ({ table: 'sample', timeMs: last[0], id: last[10] } as const);
    return { rows: rows.map(toExportRow), next };
  }

  private readPage(
    statement: Statement,
    { fromMs, toMs }: TimeSpan,
    after: ExportCursor | null,
    limit: number,
  ): PageRow[] {
    return statement.all(after?.timeMs ?? fromMs, toMs, after?.id ?? -1, limit) as PageRow[];
  }

  /** From when on raw samples are complete: they are deleted by whole minutes. Infinity when there are none. */
  private rawFromMs(): number {
    const [timeMs] = this.earliestSample.get() as [number | null];
    return timeMs === null ? Infinity : Math.floor(timeMs / MINUTE_MS) * MINUTE_MS;
  }
}

function toExportRow(row: PageRow): MetricsBucket {
  return toBucket(row, row[0]);
}

function toBucket(row: BucketRow | PageRow, startMs: number): MetricsBucket {
  return {
    timestamp: new Date(startMs),
    apiMemoryMb: roundMean(row[1]),
    apiCpuPercent: roundMean(row[2]),
    gameMemoryMb: row[3] === null ? null : roundMean(row[3]),
    gameCpuPercent: row[4] === null ? null : roundMean(row[4]),
    apiMemoryMbMax: row[5],
    apiCpuPercentMax: row[6],
    gameMemoryMbMax: row[7],
    gameCpuPercentMax: row[8],
    sampleCount: row[9],
  };
}
