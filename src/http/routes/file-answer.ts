import { applyDecorators, StreamableFile } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiOkResponse,
  ApiOperation,
  ApiServiceUnavailableResponse,
} from '@nestjs/swagger';
import { Readable } from 'node:stream';
import { type ExportFormat } from '../../history/export-format.js';
import { type TextPieces } from '../../history/history-store.js';
import { type TimeSpan } from '../../history/metrics-bucket.js';
import { problem } from '../openapi/schemas.js';

const CONTENT_TYPES: Record<ExportFormat, string> = {
  csv: 'text/csv; charset=utf-8; header=present',
  json: 'application/json; charset=utf-8',
};

/** Describes a route that answers with a file. */
export const AnswersFile = (summary: string) =>
  applyDecorators(
    ApiOperation({ summary }),
    ApiOkResponse({
      description: 'The file',
      content: {
        'text/csv': { schema: { type: 'string' } },
        'application/json': { schema: { type: 'array', items: {} } },
      },
    }),
    ApiBadRequestResponse({
      description: 'A parameter cannot be used: it says which',
      standardSchema: problem,
    }),
    ApiServiceUnavailableResponse({
      description: 'Too many queries wait already: ask again after `Retry-After` seconds',
      standardSchema: problem,
    }),
  );

/** A span as a file to keep, sent no faster than the client takes it; `what` is a part of its name. */
export function fileAnswer(
  what: string,
  { fromMs, toMs }: TimeSpan,
  format: ExportFormat,
  pieces: TextPieces,
): StreamableFile {
  return new StreamableFile(Readable.from(pieces, { objectMode: false }), {
    type: CONTENT_TYPES[format],
    disposition: `attachment; filename="vintagestory-${what}_${stamp(fromMs)}_${stamp(toMs)}.${format}"`,
  });
}

/** A time as part of a filename, which may hold no colon on Windows. */
function stamp(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19).replaceAll(':', '-')}Z`;
}
