import { Controller, Get, Header, Query, Res, type StreamableFile } from '@nestjs/common';
import { ApiBadRequestResponse, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import { type FastifyReply } from 'fastify';
import { HistoryService } from '../../history/history.service.js';
import { Roles } from '../access/access.decorator.js';
import { API_PREFIX } from '../contract.js';
import { Answers } from '../openapi/answers.decorator.js';
import * as schemas from '../openapi/schemas.js';
import { AnswersFile, fileAnswer } from './file-answer.js';
import { eventsBody } from './history-body.js';
import { type EventsQuery, eventsQuery, type ExportQuery, exportQuery } from './history-query.js';
import { whileWaiting } from './while-waiting.js';

/** What happened and when, for admins. */
@ApiTags('events')
@Controller(`${API_PREFIX}/events`)
export class EventsController {
  constructor(private readonly history: HistoryService) {}

  /** The newest events, of a span if one is given; newest first. */
  @Get()
  @Roles('admin')
  @Answers(
    'What happened, newest first: the newest `limit` events (100) from `from` up to `to`',
    schemas.events,
  )
  @ApiBadRequestResponse({
    description: 'A parameter cannot be used: it says which',
    standardSchema: schemas.problem,
  })
  @ApiServiceUnavailableResponse({
    description: 'Too many queries wait already: ask again after `Retry-After` seconds',
    standardSchema: schemas.problem,
  })
  @Header('content-type', 'application/json; charset=utf-8')
  async list(
    @Query({ schema: eventsQuery }) { from, to, limit }: EventsQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Buffer> {
    return eventsBody(
      await whileWaiting(reply, (signal) => this.history.events({ from, to }, limit, signal)),
    );
  }

  /** All events from `from` up to `to`, oldest first, as CSV or JSON. */
  @Get('export')
  @Roles('admin')
  @AnswersFile('All events as a file, oldest first')
  async export(
    @Query({ schema: exportQuery }) { from, to, format }: ExportQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile> {
    const { span, pieces } = await whileWaiting(reply, (signal) =>
      this.history.exportEvents({ from, to }, format, signal),
    );
    return fileAnswer('events', span, format, pieces);
  }
}
