import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { readdirSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SECURITY_HEADERS_WITH_INLINE_STYLES } from '../http/access/security-headers.js';
import { Asset } from './asset.js';

/** Made by bundle.mjs. */
const ASSETS = join(dirname(fileURLToPath(import.meta.url)), 'assets');

/** Where a file is served, and the file; all are read at the start. */
const files = (): (readonly [url: string, path: string])[] => [
  ...filesIn('').map((name) => [`/${name}`, join(ASSETS, name)] as const),
  ...filesIn('docs').map((name) => [`/docs/${name}`, join(ASSETS, 'docs', name)] as const),
  ['/', join(ASSETS, 'index.html')],
  ['/docs', join(ASSETS, 'docs.html')],
];

const filesIn = (folder: string) =>
  readdirSync(join(ASSETS, folder)).filter((name) => extname(name) !== '' && extname(name) !== '.map');

/**
 * Serves the page at `/`, the page that shows the API's description at `/docs` and its library below that; everybody may
 * load them, they hold no numbers.
 */
export function servePage(app: NestFastifyApplication): void {
  const http = app.getHttpAdapter().getInstance();
  for (const [url, path] of files()) {
    const asset = new Asset(path);
    http.get(url, { compress: false }, (request, reply) => {
      // Swagger UI has styles in its HTML.
      if (url === '/docs') void reply.headers(SECURITY_HEADERS_WITH_INLINE_STYLES);
      return asset.send(request, reply);
    });
  }
  http.get('/docs/', (_request, reply) => reply.redirect('../docs'));
}
