import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Asset } from './asset.js';

const CLIENT = join(dirname(fileURLToPath(import.meta.url)), 'client');
const UPLOT = join(packageFolder('uplot'), 'dist');
const SWAGGER_UI = packageFolder('swagger-ui-dist');

/** Where a file is served, and the file; all are read at the start. */
const files = (): (readonly [url: string, path: string])[] => [
  ...readdirSync(CLIENT)
    .filter((name) => !/\.(d\.ts|map|json)$/.test(name))
    .map((name) => [`/${name}`, join(CLIENT, name)] as const),
  ...['uPlot.iife.min.js', 'uPlot.min.css'].map((name) => [`/uplot/${name}`, join(UPLOT, name)] as const),
  ...['swagger-ui-bundle.js', 'swagger-ui.css'].map(
    (name) => [`/docs/${name}`, join(SWAGGER_UI, name)] as const,
  ),
  ['/', join(CLIENT, 'index.html')],
  ['/docs', join(CLIENT, 'docs.html')],
];

/**
 * Serves the page at `/` and its charting library below `uplot/`, the page that shows the API's description at `/docs`
 * and its library below that; everybody may load them, they hold no numbers.
 */
export function servePage(app: NestFastifyApplication): void {
  const http = app.getHttpAdapter().getInstance();
  for (const [url, path] of files()) {
    const asset = new Asset(path);
    http.get(url, { compress: false }, (request, reply) => asset.send(request, reply));
  }
  http.get('/docs/', (_request, reply) => reply.redirect('../docs'));
}

function packageFolder(name: string): string {
  return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
}
