import { type ExportFormat, exportHead, exportTail } from '../export-format.js';
import { type HistoryStore, type JsonList, type TextPieces } from '../history-store.js';
import { type TimeSpan } from '../metrics-bucket.js';
import { type ArchiveClient } from './archive-client.js';
import { type ArchiveCalls, type ExportCursor } from './archive-protocol.js';
import { type ArchiveWriter } from './archive-writer.js';

type Page = ArchiveCalls['exportPage']['gives'];

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
    return pages(format, first, (after) => this.client.call('exportPage', { span, after, format }));
  }
}

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
