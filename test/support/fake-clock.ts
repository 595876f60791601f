import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where libfaketime is, if it is installed. */
export const FAKETIME =
  readdirSync('/usr/lib', { recursive: false })
    .map((name) => `/usr/lib/${String(name)}/faketime/libfaketime.so.1`)
    .find((path) => existsSync(path)) ?? '/usr/lib/faketime/libfaketime.so.1';

/**
 * A game that uses half a core, outside of libfaketime: its lock is shared with children, and one that is killed holding
 * it hangs the app.
 */
export const UNFAKED_BURNER = `env -u LD_PRELOAD ${process.execPath} -e 'setInterval(() => { const end = performance.now() + 20; while (performance.now() < end); }, 40)'`;

/** The system clock of an app, which can be set while it runs; the steady clock is left alone. */
export class FakeClock {
  private readonly file: string;

  constructor(folder: string) {
    this.file = join(folder, 'clock');
    this.set('+0');
  }

  /** What makes an app live by it. */
  get variables(): Record<string, string> {
    return {
      LD_PRELOAD: FAKETIME,
      DONT_FAKE_MONOTONIC: '1',
      FAKETIME_NO_CACHE: '1',
      FAKETIME_TIMESTAMP_FILE: this.file,
    };
  }

  /** By how much it is wrong: `+3600` (seconds) or `-20d`. */
  set(offset: string): this {
    writeFileSync(this.file, `${offset}\n`);
    return this;
  }
}
