import { Controller, Get, Query, Res, type StreamableFile } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { type FastifyReply } from 'fastify';
import { HistoryService } from '../../history/history.service.js';
import { Roles } from '../access/access.decorator.js';
import { API_PREFIX } from '../contract.js';
import { AnswersFile, fileAnswer } from './file-answer.js';
import { type ExportQuery, exportQuery } from './history-query.js';
import { whileWaiting } from './while-waiting.js';

/** The history as a file to keep. */
@ApiTags('metrics')
@Controller(`${API_PREFIX}/metrics`)
export class ExportController {
  constructor(private readonly history: HistoryService) {}

  /** Everything from `from` up to `to`, as CSV or JSON; it is read from the archive no faster than the client takes it. */
  @Get('export')
  @Roles('admin')
  @AnswersFile('The history as a file: samples where all of a minute are kept, the minute elsewhere')
  async export(
    @Query({ schema: exportQuery }) { from, to, format }: ExportQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile> {
    const { span, pieces } = await whileWaiting(reply, (signal) =>
      this.history.export({ from, to }, format, signal),
    );
    return fileAnswer('metrics', span, format, pieces);
  }
}
