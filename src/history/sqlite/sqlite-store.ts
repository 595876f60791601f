import { type ExportFormat, exportHead, exportTail } from '../export-format.js';
import { type HistoryStore, type JsonList, type TextPieces } from '../history-store.js';
import { EVENT_FIELDS } from '../event-fields.js';
import { BUCKET_FIELDS, type TimeSpan } from '../metrics-bucket.js';
import { type ArchiveClient } from './archive-client.js';
import { type ArchiveWriter } from './archive-writer.js';

/** A page of an export, and behind what the next one begins; null: that was all. */
interface Page<Cursor> {
  readonly text: Uint8Array<ArrayBuffer>;
  readonly next: Cursor | null;
}

/** Answers from the archive's file, by its worker thread. */
export class SqliteStore implements HistoryStore {
  constructor(
    private readonly writer: ArchiveWriter,
    private readonly client: ArchiveClient,
  ) {}

  get earliestMs(): number | null {
    return this.writer.earliestTime;
  }

  samples(span: TimeSpan, limit: number, signal: AbortSignal): Promise<JsonList | null> {
    return this.client.ask('samples', { span, limit }, signal);
  }

  buckets(span: TimeSpan, widthMs: number, signal: AbortSignal): Promise<JsonList> {
    return this.client.ask('buckets', { span, widthMs }, signal);
  }

  /** Rows are raw samples where those are kept, and minutes elsewhere. */
  async export(span: TimeSpan, format: ExportFormat, signal: AbortSignal): Promise<TextPieces> {
    const first = await this.client.ask('exportPage', { span, after: null, format }, signal);
    return pages(BUCKET_FIELDS, format, first, (after) =>
      this.client.call('exportPage', { span, after, format }),
    );
  }

  events(span: TimeSpan, limit: number, signal: AbortSignal): Promise<JsonList> {
    return this.client.ask('events', { span, limit }, signal);
  }

  async exportEvents(span: TimeSpan, format: ExportFormat, signal: AbortSignal): Promise<TextPieces> {
    const first = await this.client.ask('eventPage', { span, after: null, format }, signal);
    return pages(EVENT_FIELDS, format, first, (after) =>
      this.client.call('eventPage', { span, after, format }),
    );
  }
}

async function* pages<Cursor>(
  fields: readonly string[],
  format: ExportFormat,
  first: Page<Cursor>,
  next: (after: Cursor) => Promise<Page<Cursor>>,
): AsyncGenerator<Uint8Array | string, void, undefined> {
  yield exportHead(fields, format);
  let page = first;
  yield page.text;
  while (page.next !== null) {
    page = await next(page.next);
    yield page.text;
  }
  yield exportTail(format);
}
