import { resolve } from 'node:path';
import { readDataDir } from '../config/data-dir.js';
import { EnvError } from '../config/env.js';
import { ArchiveFile } from './sqlite/archive-file.js';

/** Has a process of its own look at the history's file while this one loads the rest of the program; the environment is known by now. */
export function prepareHistory(): void {
  try {
    const dataDir = readDataDir();
    if (dataDir !== '') ArchiveFile.prepare(resolve(dataDir));
  } catch (error) {
    // It is reported together with all that cannot be used.
    if (!(error instanceof EnvError)) throw error;
  }
}
