import { Body, Controller, Get, Patch } from '@nestjs/common';
import {
  type Settings,
  type SettingsChange,
  settingsChange,
  SettingsService,
} from '../settings/settings.service.js';
import { Roles } from './access.decorator.js';
import { API_PREFIX, ok, type Success } from './api.js';

/** What can be changed while the application runs, for admins. */
@Controller(`${API_PREFIX}/settings`)
export class SettingsController {
  constructor(private readonly settings: SettingsService) {}

  /** The values in force, and where they come from. */
  @Get()
  @Roles('admin')
  get(): Success<Settings> {
    return ok(this.settings.current);
  }

  /** Changes what is given, at once; null goes back to the environment or the default. */
  @Patch()
  @Roles('admin')
  change(@Body({ schema: settingsChange }) change: SettingsChange): Success<Settings> {
    return ok(this.settings.change(change));
  }
}
