import { Controller, Get, ServiceUnavailableException } from '@nestjs/common';
import { ArchiveService } from '../archive/archive.service.js';
import { Public } from './access.decorator.js';
import { ok } from './api.js';
import { Readiness } from './readiness.js';

/** Probes for whoever supervises this process; open to all, they show no numbers. */
@Controller()
export class HealthController {
  constructor(
    private readonly readiness: Readiness,
    private readonly archive: ArchiveService,
  ) {}

  /** Answers as long as the process does. */
  @Get('healthz')
  @Public()
  healthz() {
    return ok(null);
  }

  /** 503 with the reason when samples are not being taken as configured; `degraded` says why none is archived. */
  @Get('readyz')
  @Public()
  readyz() {
    const { problem } = this.readiness;
    if (problem !== null) throw new ServiceUnavailableException(problem);
    return ok({ degraded: this.archive.degraded });
  }
}
