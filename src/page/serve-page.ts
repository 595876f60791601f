import fastifyStatic from '@fastify/static';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CLIENT = join(dirname(fileURLToPath(import.meta.url)), 'client');
const UPLOT = join(packageFolder('uplot'), 'dist');
const SWAGGER_UI = packageFolder('swagger-ui-dist');

/**
 * Serves the page at `/` and its charting library below `uplot/`, the page that shows the API's description at `/docs`
 * and its library below that; everybody may load them, they hold no numbers.
 */
export async function servePage(app: NestFastifyApplication): Promise<void> {
  // Asked for anew each time (and answered with 304), so that an upgrade shows at once.
  const options = { cacheControl: true, maxAge: 0, wildcard: false, index: 'index.html' };
  await app.register(fastifyStatic, {
    ...options,
    root: CLIENT,
    globIgnore: ['**/*.d.ts', '**/*.map', '**/*.json'],
  });
  await app.register(fastifyStatic, {
    ...options,
    root: UPLOT,
    prefix: '/uplot/',
    decorateReply: false,
    globIgnore: ['**/!(uPlot.iife.min.js|uPlot.min.css)'],
  });
  await app.register(fastifyStatic, {
    ...options,
    root: SWAGGER_UI,
    prefix: '/docs/',
    decorateReply: false,
    globIgnore: ['**/!(swagger-ui-bundle.js|swagger-ui.css)'],
  });
  const http = app.getHttpAdapter().getInstance();
  http.get('/docs', (_request, reply) => reply.sendFile('docs.html'));
  http.get('/docs/', (_request, reply) => reply.redirect('../docs'));
}

function packageFolder(name: string): string {
  return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
}
