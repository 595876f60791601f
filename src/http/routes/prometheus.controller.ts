import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Registry } from 'prom-client';
import { PublicIf, Roles } from '../access/access.decorator.js';
import { PrometheusMetrics } from './prometheus-metrics.js';

/** What Prometheus scrapes: for both roles, because the admin's key does not belong in a scrape configuration. */
@ApiTags('monitoring')
@Controller('metrics')
export class PrometheusController {
  constructor(private readonly metrics: PrometheusMetrics) {}

  @Get()
  @Roles('admin', 'monitor')
  @PublicIf((config) => config.prometheusPublic)
  @Header('content-type', Registry.PROMETHEUS_CONTENT_TYPE)
  @ApiOperation({
    summary: 'The game server, the collection and this process in the text format of Prometheus',
    description: 'Needs no key when VS_PROMETHEUS_PUBLIC is true.',
  })
  @ApiOkResponse({
    description: 'Metrics, one line each',
    content: { 'text/plain': { schema: { type: 'string' } } },
  })
  scrape(): Promise<string> {
    return this.metrics.text();
  }
}
