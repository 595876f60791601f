import { constants, fstatSync, openSync, type Stats, write, writeSync } from 'node:fs';
import { isLinux } from '../process/platform.js';
import { Outlet } from './outlet.js';

/**
 * The outlet that leads where standard output (1) or standard error (2) leads. Node's own streams write to a terminal and a
 * file with calls that block the whole process, and a pipe without a reader ends it.
 */
export function openOutlet(descriptor: 1 | 2): Outlet {
  const stats = fstatSync(descriptor);
  // A file cannot be asked not to block: its disk is waited for in a thread of its own.
  if (stats.isFile()) {
    return new Outlet((chunk, done) => {
      write(descriptor, chunk, (error, taken) => {
        done(error, error === null ? taken : 0);
      });
    });
  }
  const target = openNonBlocking(descriptor, stats);
  return new Outlet((chunk, done) => {
    const taken = writeNow(target, chunk);
    if (typeof taken === 'number') done(null, taken);
    else done(taken, 0);
  });
}

function writeNow(descriptor: number, chunk: Buffer): number | NodeJS.ErrnoException {
  try {
    return writeSync(descriptor, chunk);
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
}

/**
 * A pipe or terminal is opened anew, since whether a write blocks is a property of the open file, which other programs
 * share with us (a shell, for instance), and any of them may change.
 */
function openNonBlocking(descriptor: 1 | 2, stats: Stats): number {
  const ways = [
    ...(isLinux ? [`/proc/self/fd/${descriptor}`] : []),
    // Whoever became another user (su, sudo) may not open the terminal by its own name.
    ...(stats.isCharacterDevice() ? ['/dev/tty'] : []),
  ];
  for (const way of ways) {
    try {
      return openSync(way, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    } catch {
      // A socket, for one, has no name to open it by.
    }
  }
  // Node sets a pipe or socket to non-blocking as soon as it makes a stream of it.
  return (descriptor === 1 ? process.stdout : process.stderr).fd;
}
