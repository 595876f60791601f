import { fstatSync } from 'node:fs';
import { Writable } from 'node:stream';
import { isatty } from 'node:tty';
import { isWindows } from '../process/platform.js';
import { openOutlet } from './open-outlet.js';
import { type Outlet } from './outlet.js';

/** How long an exit waits for a reader that is slow. */
const FLUSH_TIMEOUT_MS = 500;

/**
 * Puts outlets in the place of `process.stdout` and `process.stderr`, so that nothing that is written there, by whomever,
 * can block or end the process. Answers with what must be awaited before an exit. To be called before anything is written.
 */
export function replaceStandardStreams(): () => Promise<void> {
  if (isWindows) {
    // There is no way to open them anew; a log that is gone must not end the process.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
    return () => Promise.resolve();
  }
  const out = openOutlet(1);
  // One outlet for both keeps their lines in order.
  const err = leadsTo(1) === leadsTo(2) ? out : openOutlet(2);
  replace('stdout', 1, out);
  replace('stderr', 2, err);
  return async () => {
    await Promise.all([out.flush(FLUSH_TIMEOUT_MS), err.flush(FLUSH_TIMEOUT_MS)]);
  };
}

function leadsTo(descriptor: 1 | 2): string {
  const { dev, ino } = fstatSync(descriptor);
  return `${dev}:${ino}`;
}

function replace(name: 'stdout' | 'stderr', fd: 1 | 2, outlet: Outlet): void {
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk: string | Buffer, _encoding, done) => {
      outlet.write(chunk.toString());
      done();
    },
  });
  const value = Object.assign(stream, { fd, isTTY: isatty(fd) });
  Object.defineProperty(process, name, { value, configurable: true, enumerable: true });
}
