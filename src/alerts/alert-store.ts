import { Logger } from '@nestjs/common';
import { appendFileSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { StateFile } from '../config/state-file.js';
import { alertMessage } from './alert-message.js';
import { alertState } from './rules/alert-state.js';

const kept = z.object({
  rules: alertState.nullable(),
  /** Messages that no receiver has taken yet, oldest first. */
  waiting: z.array(alertMessage),
});

/** What the alerts keep. */
export type KeptAlerts = Readonly<z.output<typeof kept>>;

/**
 * The file `alerts.json` in the folder where state is kept: which rules fire, and the messages that are to be sent. Both in
 * one, so that at no moment a message is lost or told twice because one of two files is older. The receiver's address
 * is not in it. Messages that were settled are noted in `alerts.settled` first, which takes one call and no wait for the disk, until
 * the file without them is written. Without a folder nothing outlasts this run. It is for the one copy of this app that has the folder.
 */
export class AlertStore {
  private readonly logger = new Logger(AlertStore.name);
  private readonly file: StateFile<typeof kept> | null;
  private readonly settledPath: string;
  private now: KeptAlerts = { rules: null, waiting: [] };
  private isFailing = false;

  constructor(dataDir: string) {
    this.settledPath = join(dataDir, 'alerts.settled');
    this.file = dataDir === '' ? null : new StateFile(join(dataDir, 'alerts.json'), kept);
    if (this.file === null) return;
    try {
      this.now = this.file.read() ?? this.now;
      const settled = new Set(this.settledIds());
      this.now = { ...this.now, waiting: this.now.waiting.filter(({ id }) => !settled.has(id)) };
    } catch (error) {
      this.logger.warn(`Alerts of earlier runs are not known: ${this.file.explain(error as Error)}`);
    }
  }

  get current(): KeptAlerts {
    return this.now;
  }

  /** True when what is kept outlasts this run. */
  get isLasting(): boolean {
    return this.file !== null && !this.isFailing;
  }

  /** Takes a message out that needs no more sending: from this moment on it is not sent again by any run. */
  settle(id: string): void {
    try {
      if (this.file !== null) appendFileSync(this.settledPath, `${id}\n`);
    } catch {
      // What follows says why nothing can be written.
    }
    this.commit({ waiting: this.now.waiting.filter((message) => message.id !== id) });
  }

  /** Changes what is kept; when this returns it is on the disk, or the log says that it is not. */
  commit(change: Partial<KeptAlerts>): void {
    this.now = { ...this.now, ...change };
    if (this.file === null) return;
    try {
      this.file.write(this.now);
      rmSync(this.settledPath, { force: true });
      if (this.isFailing) this.logger.log('Alerts are kept in VS_DATA_DIR again');
      this.isFailing = false;
    } catch (error) {
      if (!this.isFailing) {
        this.logger.warn(
          `Alerts cannot be kept in VS_DATA_DIR: ${(error as Error).message}. ` +
            'They are sent all the same, but are not known after a restart.',
        );
      }
      this.isFailing = true;
    }
  }

  private settledIds(): string[] {
    try {
      return readFileSync(this.settledPath, 'utf8').split('\n');
    } catch {
      return [];
    }
  }
}
