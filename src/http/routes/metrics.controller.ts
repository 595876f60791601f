import { Controller, Get, Header, Query, Res } from '@nestjs/common';
import { ApiBadRequestResponse, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import { type FastifyReply } from 'fastify';
import { ArchiveService } from '../../history/sqlite/archive.service.js';
import { MetricsScheduler, MetricsService } from '../../metrics/index.js';
import { Roles } from '../access/access.decorator.js';
import { Answers } from '../openapi/answers.decorator.js';
import { API_PREFIX } from '../contract.js';
import { HistoryAnswers } from './history-answers.js';
import { type HistoryQuery, historyQuery } from './history-query.js';
import { MemoryHistory } from './memory-history.js';
import * as schemas from '../openapi/schemas.js';
import { snapshotJson } from './snapshot-json.js';
import { ok, okJson } from './success.js';

/** The samples, for admins. Their bodies are JSON already. */
@ApiTags('metrics')
@Controller(`${API_PREFIX}/metrics`)
export class MetricsController {
  constructor(
    private readonly metrics: MetricsService,
    private readonly scheduler: MetricsScheduler,
    private readonly archive: ArchiveService,
    private readonly answers: HistoryAnswers,
    private readonly memory: MemoryHistory,
  ) {}

  /** The newest snapshot, or null before the first. */
  @Get('current')
  @Roles('admin')
  @Answers('The newest sample; null before the first', schemas.snapshot.nullable())
  @Header('content-type', 'application/json; charset=utf-8')
  current(): Buffer {
    const snapshot = this.metrics.current;
    return okJson(snapshot === null ? 'null' : snapshotJson(snapshot));
  }

  /** Samples or, with `points`, buckets of a span; without parameters all samples in memory. Oldest first. */
  @Get('history')
  @Roles('admin')
  @Answers('Samples or, with `points`, buckets of a span; without parameters all in memory', schemas.history)
  @ApiBadRequestResponse({
    description: 'A parameter is out of range, or there are too many samples: it says which',
    standardSchema: schemas.problem,
  })
  @ApiServiceUnavailableResponse({
    description: 'Too many queries wait already: ask again after `Retry-After` seconds',
    standardSchema: schemas.problem,
  })
  @Header('content-type', 'application/json; charset=utf-8')
  history(
    @Query({ schema: historyQuery }) query: HistoryQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Buffer | Promise<Buffer> {
    if (!this.answers.areInMemory(query)) return this.answers.fromArchive(query, reply);
    return query.minutes === undefined ? this.memory.all() : this.memory.last(query.minutes);
  }

  /** What a client needs to judge staleness, holes and ranges. */
  @Get('info')
  @Roles('admin')
  @Answers('What a client needs to judge staleness, holes and ranges', schemas.metricsInfo)
  info() {
    return ok({
      intervalSeconds: this.scheduler.intervalSeconds,
      capacity: this.metrics.buffer.capacity,
      cores: this.metrics.cores,
      now: new Date(),
      startedAt: new Date(performance.timeOrigin),
      historyFrom: toDate(this.archive.earliestMs),
      degraded: this.archive.degraded,
    });
  }
}

function toDate(timeMs: number | null): Date | null {
  return timeMs === null ? null : new Date(timeMs);
}
