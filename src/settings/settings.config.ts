import { type ConfigType, registerAs } from '@nestjs/config';
import { readDataDir } from '../config/data-dir.js';

/** Where the settings that change at run time are kept, from `VS_DATA_DIR`. */
export const settingsConfig = registerAs('settings', () => ({
  /** Empty: they are kept for this run only. */
  dataDir: readDataDir(),
}));

/** Typed place of the stored settings. */
export type SettingsConfig = ConfigType<typeof settingsConfig>;
