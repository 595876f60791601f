/**
 * Makes the files of the page, dist/page/assets/, of what tsc has made of src/page/client/ and of the pages and styles
 * there: one script for each page, one for the worker, with all that they import. Run by `npm run build`, and by
 * `npm run start:dev` before each start.
 */
import { build } from 'esbuild';
import { copyFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCES = dirname(fileURLToPath(import.meta.url));
const DIST = join(SOURCES, '../../dist/page');

/** While somebody works on it, browsers show the sources. */
const isDevelopment = process.execArgv.includes('--import');

const entries = (folder, names) => names.map((name) => join(folder, 'client', name));

await build({
  entryPoints: [
    ...entries(DIST, ['main.js', 'stream-worker.js', 'docs.js']),
    ...entries(SOURCES, ['index.html', 'docs.html', 'page.css', 'icon.svg']),
  ],
  outdir: join(DIST, 'assets'),
  entryNames: '[name]',
  loader: { '.html': 'copy', '.svg': 'copy' },
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: !isDevelopment,
  sourcemap: isDevelopment ? 'inline' : true,
  logLevel: 'warning',
});
copyFileSync(join(SOURCES, '../../node_modules/uplot/LICENSE'), join(DIST, 'uplot.LICENSE'));
