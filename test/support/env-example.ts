import { readFileSync } from 'node:fs';

/** The variables of `.env.example` with their defaults, which another test holds together with the schemas. */
export const envExample: ReadonlyMap<string, string> = new Map(
  [...readFileSync('.env.example', 'utf8').matchAll(/^(VS_\w+)=(.*)$/gm)].map(
    ([, name = '', value = '']) => [name, value] as const,
  ),
);

/** How long, in seconds, a stop may take until the game has had `/stop`, SIGTERM and SIGKILL, and the rest has closed. */
export const LONGEST_STOP_SECONDS = 2 * Number(envExample.get('VS_SERVER_STOP_TIMEOUT')) + 5;
