import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import * as z from 'zod';
import { readEnv } from './env.js';
import { envPath } from './env-text.js';

const variables = z.object({ VS_DATA_DIR: envPath('./data') });

/** The folder where state is kept, from `VS_DATA_DIR`; empty: nothing is kept. */
export function readDataDir(): string {
  return readEnv(variables, ['VS_DATA_DIR']).VS_DATA_DIR;
}

/**
 * Makes a folder and those above it that are missing; throws the system's error. Not `mkdirSync` with `recursive`, which
 * on Node 20 never returns from below /proc.
 */
export function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path);
}
