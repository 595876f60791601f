import { Controller, Get, Query, Res, StreamableFile } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiOkResponse,
  ApiOperation,
  ApiServiceUnavailableResponse,
  ApiTags,
} from '@nestjs/swagger';
import { type FastifyReply } from 'fastify';
import { Readable } from 'node:stream';
import { type ExportFormat } from '../../history/export-format.js';
import { HistoryService } from '../../history/history.service.js';
import { Roles } from '../access/access.decorator.js';
import { API_PREFIX } from '../contract.js';
import { type ExportQuery, exportQuery } from './history-query.js';
import { problem } from '../openapi/schemas.js';
import { whileWaiting } from './while-waiting.js';

const CONTENT_TYPES: Record<ExportFormat, string> = {
  csv: 'text/csv; charset=utf-8; header=present',
  json: 'application/json; charset=utf-8',
};

/** The history as a file to keep. */
@ApiTags('metrics')
@Controller(`${API_PREFIX}/metrics`)
export class ExportController {
  constructor(private readonly history: HistoryService) {}

  /** Everything from `from` up to `to`, as CSV or JSON; it is read from the archive no faster than the client takes it. */
  @Get('export')
  @Roles('admin')
  @ApiOperation({
    summary: 'The history as a file: samples where all of a minute are kept, the minute elsewhere',
  })
  @ApiOkResponse({
    description: 'The file',
    content: {
      'text/csv': { schema: { type: 'string' } },
      'application/json': { schema: { type: 'array', items: {} } },
    },
  })
  @ApiBadRequestResponse({
    description: 'A parameter cannot be used: it says which',
    standardSchema: problem,
  })
  @ApiServiceUnavailableResponse({
    description: 'Too many queries wait already: ask again after `Retry-After` seconds',
    standardSchema: problem,
  })
  async export(
    @Query({ schema: exportQuery }) { from, to, format }: ExportQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile> {
    const { span, pieces } = await whileWaiting(reply, (signal) =>
      this.history.export({ from, to }, format, signal),
    );
    return new StreamableFile(Readable.from(pieces, { objectMode: false }), {
      type: CONTENT_TYPES[format],
      disposition: `attachment; filename="vintagestory-metrics_${stamp(span.fromMs)}_${stamp(span.toMs)}.${format}"`,
    });
  }
}

/** A time as part of a filename, which may hold no colon on Windows. */
function stamp(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19).replaceAll(':', '-')}Z`;
}
