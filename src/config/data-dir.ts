import { z } from 'zod';
import { readEnv } from './env.js';

const variables = z.object({ VS_DATA_DIR: z.string().default('./data') });

/** The folder where state is kept, from `VS_DATA_DIR`; empty: nothing is kept. */
export function readDataDir(): string {
  return readEnv(variables, ['VS_DATA_DIR']).VS_DATA_DIR;
}
