import { Controller, Get, Header } from '@nestjs/common';
import { Registry } from 'prom-client';
import { PublicIf, Roles } from '../access/access.decorator.js';
import { Describe } from '../openapi/describe.decorator.js';
import { PrometheusMetrics } from './prometheus-metrics.js';

/** What Prometheus scrapes: for both roles, because the admin's key does not belong in a scrape configuration. */
@Describe((api) => api.ApiTags('monitoring'))
@Controller('metrics')
export class PrometheusController {
  constructor(private readonly metrics: PrometheusMetrics) {}

  @Get()
  @Roles('admin', 'monitor')
  @PublicIf('prometheusPublic')
  @Header('content-type', Registry.PROMETHEUS_CONTENT_TYPE)
  @Describe((api) =>
    api.ApiOperation({
      summary: 'The game server, the collection and this process in the text format of Prometheus',
      description: 'Needs no key when VS_PROMETHEUS_PUBLIC is true.',
    }),
  )
  @Describe((api) =>
    api.ApiOkResponse({
      description: 'Metrics, one line each',
      content: { 'text/plain': { schema: { type: 'string' } } },
    }),
  )
  scrape(): Promise<string> {
    return this.metrics.text();
  }
}
