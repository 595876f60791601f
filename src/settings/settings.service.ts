import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import * as z from 'zod';
import { EventLog } from '../events/event-log.js';
import { MetricsScheduler } from '../metrics/index.js';
import { type MetricsConfig } from '../metrics/metrics.config.js';
import { type SettingsConfig } from './settings.config.js';
import { intervalSeconds, SettingsFile, type StoredSettings } from './settings-file.js';

/** Where a value in force comes from: set by hand, else from a variable, else built in. */
export type SettingSource = 'default' | 'environment' | 'settings';

/** The settings in force; also the wire format. */
export interface Settings {
  readonly intervalSeconds: { readonly value: number; readonly source: SettingSource };
  /** Whether they will be in force after a restart as well. */
  readonly persisted: boolean;
}

/** A change: null takes back what was set by hand. */
export const settingsChange = z.strictObject({ intervalSeconds: intervalSeconds.nullable() });

/** A change that has been validated. */
export type SettingsChange = z.output<typeof settingsChange>;

/** Settings that change while the application runs and outlast it; a stored value wins over the environment. */
@Injectable()
export class SettingsService implements OnModuleInit {
  private readonly logger = new Logger(SettingsService.name);
  /** The interval while none was set by hand. */
  private readonly fallback: Settings['intervalSeconds'];
  private readonly file: SettingsFile | null;
  private stored: StoredSettings = {};
  private persisted: boolean;

  constructor(
    config: ConfigService<{ metrics: MetricsConfig; settings: SettingsConfig }, true>,
    private readonly scheduler: MetricsScheduler,
    private readonly events: EventLog,
  ) {
    const isSet = config.get('metrics.isIntervalSet', { infer: true });
    // As the collection would begin.
    this.fallback = { value: scheduler.intervalSeconds, source: isSet ? 'environment' : 'default' };
    const dataDir = config.get('settings.dataDir', { infer: true });
    this.file = dataDir === '' ? null : new SettingsFile(dataDir);
    this.persisted = this.file !== null;
  }

  /** Before the collection begins, which is when the application has started. */
  onModuleInit(): void {
    this.load();
    this.apply();
  }

  get current(): Settings {
    const stored = this.stored.intervalSeconds;
    return {
      intervalSeconds: stored === undefined ? this.fallback : { value: stored, source: 'settings' },
      persisted: this.persisted,
    };
  }

  /** Changes settings at once and keeps them; when they cannot be kept they hold for this run. */
  change({ intervalSeconds: seconds }: SettingsChange): Settings {
    const before = this.current.intervalSeconds.value;
    // Absent in the file when undefined.
    this.stored = { ...this.stored, intervalSeconds: seconds ?? undefined };
    this.save();
    const { value } = this.current.intervalSeconds;
    // The same interval again is no reason for an extra sample.
    if (value === before) return this.current;
    this.apply();
    if (value === 0) this.events.tell('collection_paused');
    else if (before === 0) this.events.tell('collection_resumed');
    else this.events.tell('collection_interval_changed', { seconds: value });
    return this.current;
  }

  private apply(): void {
    const { value, source } = this.current.intervalSeconds;
    const origin = {
      default: 'the default',
      environment: 'from VS_METRICS_INTERVAL',
      settings: 'from the settings',
    }[source];
    this.logger.log(`Collection interval: ${value} s, ${origin}`);
    this.scheduler.setIntervalSeconds(value);
  }

  private load(): void {
    if (this.file === null) return;
    try {
      this.stored = this.file.read() ?? {};
    } catch (error) {
      this.logger.warn(`Stored settings are not used: ${this.file.explain(error as Error)}`);
    }
  }

  private save(): void {
    if (this.file === null) return;
    try {
      this.file.write(this.stored);
      this.persisted = true;
    } catch (error) {
      this.logger.warn(`The settings hold for this run only: ${(error as Error).message}`);
      this.persisted = false;
    }
  }
}
