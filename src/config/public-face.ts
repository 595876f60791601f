import { z } from 'zod';
import { readEnv } from './env.js';
import { envText } from './env-text.js';

const variables = z.object({
  VS_SERVER_NAME: envText('', (name) =>
    name.length > 64 || /[\r\n\t]/.test(name) ? 'a name of up to 64 characters, in one line' : null,
  ),
});

/** How this server shows itself to people, from `VS_SERVER_NAME`; empty: not set. */
export function readPublicFace(): { readonly serverName: string } {
  return { serverName: readEnv(variables).VS_SERVER_NAME };
}
