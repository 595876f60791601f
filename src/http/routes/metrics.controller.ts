import { BadRequestException, Controller, Get, Header, Query, Res } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { ApiBadRequestResponse, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import { type FastifyReply } from 'fastify';
import { GameLimits } from '../../game-server/game-limits.js';
import { HistoryService } from '../../history/history.service.js';
import { snapshotJson } from '../../history/snapshot-json.js';
import { MetricsScheduler, MetricsService } from '../../metrics/index.js';
import { Roles } from '../access/access.decorator.js';
import { type HttpConfig } from '../http.config.js';
import { Answers } from '../openapi/answers.decorator.js';
import { API_PREFIX } from '../contract.js';
import { bucketsBody, samplesBody } from './history-body.js';
import { type HistoryQuery, historyQuery } from './history-query.js';
import * as schemas from '../openapi/schemas.js';
import { whileWaiting } from './while-waiting.js';
import { ok, okJson } from './success.js';

/** How many raw samples one answer may hold: as many as the memory can. */
const MAX_SAMPLES = 100_000;

/** The samples, for admins. Their bodies are JSON already. */
@ApiTags('metrics')
@Controller(`${API_PREFIX}/metrics`)
export class MetricsController {
  constructor(
    private readonly config: ConfigService<{ http: HttpConfig }, true>,
    private readonly metrics: MetricsService,
    private readonly scheduler: MetricsScheduler,
    private readonly past: HistoryService,
    private readonly limits: GameLimits,
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
  async history(
    @Query({ schema: historyQuery }) query: HistoryQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Buffer> {
    const { points } = query;
    if (points !== undefined) {
      return bucketsBody(await whileWaiting(reply, (signal) => this.past.buckets(query, points, signal)));
    }
    const list = await whileWaiting(reply, (signal) => this.past.samples(query, MAX_SAMPLES, signal));
    if (list !== null) return samplesBody(list);
    throw new BadRequestException(
      `points: this span holds more than ${MAX_SAMPLES} samples; give points=2..10000 to get that many buckets, or ask for less.`,
    );
  }

  /** What a client needs to judge staleness, holes and ranges. */
  @Get('info')
  @Roles('admin')
  @Answers('What a client needs to judge staleness, holes and ranges', schemas.metricsInfo)
  info() {
    return ok({
      serverName: this.config.get('http.serverName', { infer: true }),
      intervalSeconds: this.scheduler.intervalSeconds,
      capacity: this.metrics.buffer.capacity,
      cores: this.metrics.cores,
      now: new Date(),
      startedAt: new Date(performance.timeOrigin),
      historyFrom: toDate(this.past.earliestMs),
      degraded: this.past.degraded,
      gameMemoryLimit: this.limits.memory(),
      gameDiskLimitMb: this.limits.dieBelowDiskSpaceMb(),
    });
  }
}

function toDate(timeMs: number | null): Date | null {
  return timeMs === null ? null : new Date(timeMs);
}
