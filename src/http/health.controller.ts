import { Controller, Get, ServiceUnavailableException } from '@nestjs/common';
import { ArchiveService } from '../archive/archive.service.js';
import { z } from 'zod';
import { Public } from './access.decorator.js';
import { Answers } from './answers.decorator.js';
import { ok } from './api.js';
import { Describe } from './describe.decorator.js';
import { Readiness } from './readiness.js';
import { degraded, problem as problemSchema } from './schemas.js';

/** Probes for whoever supervises this process; open to all, they show no numbers. */
@Describe((api) => api.ApiTags('monitoring'))
@Controller()
export class HealthController {
  constructor(
    private readonly readiness: Readiness,
    private readonly archive: ArchiveService,
  ) {}

  /** Answers as long as the process does. */
  @Get('healthz')
  @Public()
  @Answers('Whether this process answers', z.null())
  healthz() {
    return ok(null);
  }

  /** 503 with the reason when samples are not being taken as configured; `degraded` says why none is archived. */
  @Get('readyz')
  @Public()
  @Answers('Whether samples are being taken as configured', z.strictObject({ degraded }))
  @Describe((api) =>
    api.ApiServiceUnavailableResponse({
      description: 'They are not; says why',
      standardSchema: problemSchema,
    }),
  )
  readyz() {
    const { problem } = this.readiness;
    if (problem !== null) throw new ServiceUnavailableException(problem);
    return ok({ degraded: this.archive.degraded });
  }
}
