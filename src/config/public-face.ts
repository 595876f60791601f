import * as z from 'zod';
import { readEnv } from './env.js';
import { envText } from './env-text.js';

const variables = z.object({
  VS_SERVER_NAME: envText('', (name) =>
    name.length > 64 || /[\r\n\t]/.test(name) ? 'a name of up to 64 characters, in one line' : null,
  ),
  VS_PUBLIC_URL: envText('', (url) =>
    url === '' || isPublicUrl(url)
      ? null
      : 'an http:// or https:// address without a name or password, such as https://vs.example.org/',
  ),
});

/** How this server shows itself to people, from `VS_SERVER_NAME` and `VS_PUBLIC_URL`; empty: not set. */
export function readPublicFace(): { readonly serverName: string; readonly publicUrl: string } {
  const env = readEnv(variables);
  return { serverName: env.VS_SERVER_NAME, publicUrl: env.VS_PUBLIC_URL };
}

function isPublicUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && username === '' && password === '';
}
