import { Body, Controller, Get, Patch } from '@nestjs/common';
import { ApiBadRequestResponse, ApiTags } from '@nestjs/swagger';
import {
  type Settings,
  type SettingsChange,
  settingsChange,
  SettingsService,
} from '../../settings/settings.service.js';
import { Roles } from '../access/access.decorator.js';
import { Answers } from '../openapi/answers.decorator.js';
import * as schemas from '../openapi/schemas.js';
import { API_PREFIX } from '../contract.js';
import { ok, type Success } from './success.js';

/** What can be changed while the application runs, for admins. */
@ApiTags('settings')
@Controller(`${API_PREFIX}/settings`)
export class SettingsController {
  constructor(private readonly settings: SettingsService) {}

  /** The values in force, and where they come from. */
  @Get()
  @Roles('admin')
  @Answers('The settings in force, and where they come from', schemas.settings)
  get(): Success<Settings> {
    return ok(this.settings.current);
  }

  /** Changes what is given, at once; null goes back to the environment or the default. */
  @Patch()
  @Roles('admin')
  @Answers('Changes the settings that are given, at once', schemas.settings)
  @ApiBadRequestResponse({
    description: 'A value is not allowed: it says which',
    standardSchema: schemas.problem,
  })
  change(@Body({ schema: settingsChange }) change: SettingsChange): Success<Settings> {
    return ok(this.settings.change(change));
  }
}
