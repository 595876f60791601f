import { Controller, Get, Req, ServiceUnavailableException } from '@nestjs/common';
import { ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import { type FastifyRequest } from 'fastify';
import * as z from 'zod';
import { HistoryService } from '../../history/history.service.js';
import { MetricsScheduler } from '../../metrics/index.js';
import { Public } from '../access/access.decorator.js';
import { presentedKey } from '../access/api-key.guard.js';
import { ApiKeys } from '../access/api-keys.js';
import { Answers } from '../openapi/answers.decorator.js';
import { degraded, problem as problemSchema } from '../openapi/schemas.js';
import { ok } from './success.js';

/** The reason names paths and what they hold, which is nobody's business. */
const DEGRADED_TO_ALL = 'Samples are kept in memory alone. A request with a key is told why.';

/** Probes for whoever supervises this process; open to all, they show no numbers. */
@ApiTags('monitoring')
@Controller()
export class HealthController {
  constructor(
    private readonly scheduler: MetricsScheduler,
    private readonly history: HistoryService,
    private readonly keys: ApiKeys,
  ) {}

  /** Answers as long as the process does. */
  @Get('healthz')
  @Public()
  @Answers('Whether this process answers', z.null())
  healthz() {
    return ok(null);
  }

  /**
   * 503 with the reason when samples are not being taken as configured; `degraded` says that none is archived, and to
   * whoever has a key also why.
   */
  @Get('readyz')
  @Public()
  @Answers('Whether samples are being taken as configured', z.strictObject({ degraded }))
  @ApiServiceUnavailableResponse({
    description: 'They are not; says why',
    standardSchema: problemSchema,
  })
  readyz(@Req() { headers }: FastifyRequest) {
    const { problem } = this.scheduler;
    if (problem !== null) throw new ServiceUnavailableException(problem);
    const { degraded } = this.history;
    const key = presentedKey(headers);
    const isKnown = key !== null && this.keys.roleOf(key) !== null;
    return ok({ degraded: degraded === null || isKnown ? degraded : DEGRADED_TO_ALL });
  }
}
