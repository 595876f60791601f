/**
 * Makes the files of the page, build/page/assets/, of what tsc has made of src/page/client/, of the pages and styles
 * there, and of Swagger UI: one script for each page, one for the worker, with all that they import. Run by
 * `npm run build`, and by `npm run start:dev` before each start.
 */
import { build } from 'esbuild';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCES = dirname(fileURLToPath(import.meta.url));
const BUILD = join(SOURCES, '../../build/page');
const SWAGGER_UI = join(SOURCES, '../../node_modules/swagger-ui-dist');

/** While somebody works on it, browsers show the sources. */
const isDevelopment = process.execArgv.includes('--import');

const entries = (folder, names) => names.map((name) => ({ in: join(folder, name), out: name }));
const withoutSuffix = ({ in: path, out }) => ({ in: path, out: out.replace(/\.\w+$/, '') });

const bundled = await build({
  entryPoints: [
    ...entries(join(BUILD, 'client'), ['main.js', 'stream-worker.js', 'docs.js']),
    ...entries(join(SOURCES, 'client'), ['index.html', 'docs.html', 'page.css', 'icon.svg']),
  ].map(withoutSuffix),
  outdir: join(BUILD, 'assets'),
  loader: { '.html': 'copy', '.svg': 'copy' },
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: !isDevelopment,
  sourcemap: isDevelopment ? 'inline' : true,
  metafile: true,
  logLevel: 'warning',
});
const copied = await build({
  entryPoints: entries(SWAGGER_UI, ['swagger-ui-bundle.js', 'swagger-ui.css']).map(withoutSuffix),
  outdir: join(BUILD, 'assets/docs'),
  loader: { '.js': 'copy', '.css': 'copy' },
  metafile: true,
  logLevel: 'warning',
});

/** The files of which they were made. */
export const inputs = [bundled, copied].flatMap(({ metafile }) => Object.keys(metafile.inputs));
