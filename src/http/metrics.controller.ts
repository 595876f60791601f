import { Controller, Get, Header, Query } from '@nestjs/common';
import { ApiBadRequestResponse, ApiTags } from '@nestjs/swagger';
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { MetricsScheduler, MetricsService } from '../metrics/index.js';
import { Roles } from './access.decorator.js';
import { Answers } from './answers.decorator.js';
import { API_PREFIX, ok } from './api.js';
import * as schemas from './schemas.js';
import { snapshotJson } from './snapshot-json.js';

const MAX_MINUTES = 5_256_000;

const historyQuery = z.object({
  minutes: z
    .string({ error: 'give it once' })
    .regex(/^\d{1,7}$/, `a whole number from 1 to ${MAX_MINUTES}`)
    .transform(Number)
    .refine((minutes) => minutes >= 1 && minutes <= MAX_MINUTES, `a whole number from 1 to ${MAX_MINUTES}`)
    .optional()
    .describe('How far back, in minutes; without it, all samples in memory'),
});

/** The samples, for admins. Bodies are put together from each snapshot's JSON, which is made once. */
@ApiTags('metrics')
@Controller(`${API_PREFIX}/metrics`)
export class MetricsController {
  constructor(
    private readonly metrics: MetricsService,
    private readonly scheduler: MetricsScheduler,
  ) {}

  /** The newest snapshot, or null before the first. */
  @Get('current')
  @Roles('admin')
  @Answers('The newest sample; null before the first', schemas.snapshot.nullable())
  @Header('content-type', 'application/json; charset=utf-8')
  current(): string {
    const snapshot = this.metrics.current;
    return `{"status":"ok","data":${snapshot === null ? 'null' : snapshotJson(snapshot)}}`;
  }

  /** Snapshots of the last `minutes`, or all in memory; oldest first. */
  @Get('history')
  @Roles('admin')
  @Answers('The samples of the last minutes, or all in memory', schemas.history)
  @ApiBadRequestResponse({ description: '`minutes` is out of range', standardSchema: schemas.problem })
  @Header('content-type', 'application/json; charset=utf-8')
  history(@Query({ schema: historyQuery }) { minutes }: z.output<typeof historyQuery>): string {
    const snapshots = this.metrics.history(minutes);
    const list = snapshots.map(snapshotJson).join(',');
    return `{"status":"ok","data":{"metrics":[${list}],"count":${snapshots.length}}}`;
  }

  /** What a client needs to judge staleness, holes and ranges. */
  @Get('info')
  @Roles('admin')
  @Answers('What a client needs to judge staleness, holes and ranges', schemas.metricsInfo)
  info() {
    return ok({
      intervalSeconds: this.scheduler.intervalSeconds,
      capacity: this.metrics.buffer.capacity,
      cores: availableParallelism(),
      startedAt: new Date(performance.timeOrigin),
    });
  }
}
