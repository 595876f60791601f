import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiConflictResponse, ApiTags } from '@nestjs/swagger';
import { type AlertsOverview } from '../../alerts/alerts-overview.js';
import { AlertsService } from '../../alerts/alerts.service.js';
import { Roles } from '../access/access.decorator.js';
import { Answers } from '../openapi/answers.decorator.js';
import * as schemas from '../openapi/schemas.js';
import { API_PREFIX } from '../contract.js';
import { ok, type Success } from './success.js';

/** The alerts: how they stand for both roles, a test message for admins. */
@ApiTags('alerts')
@Controller(`${API_PREFIX}/alerts`)
export class AlertsController {
  constructor(private readonly alerts: AlertsService) {}

  @Get()
  @Roles('admin', 'monitor')
  @Answers('How each alert rule stands, and what becomes of the messages', schemas.alerts)
  overview(): Success<AlertsOverview> {
    return ok(this.alerts.overview);
  }

  @Post('test')
  @HttpCode(200)
  @Roles('admin')
  @Answers('Sends a test message to the webhook; does not wait until it is taken', schemas.alertTest)
  @ApiConflictResponse({ description: 'No webhook is configured', standardSchema: schemas.problem })
  test(): Success<{ isQueued: true }> {
    this.alerts.sendTest();
    return ok({ isQueued: true });
  }
}
