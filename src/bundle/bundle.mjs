/**
 * Makes dist/, which runs and is published, of what tsc has made of src/ in build/: the application and the libraries
 * that it uses as one bundle, which is split where something is needed later or by another thread alone. Beside it lie the
 * files of the page, and the licences of all that is in there. Run by `npm run build`.
 */
import { build } from 'esbuild';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { inputs as pageInputs } from '../page/bundle.mjs';
import { alias, lessCode } from './less-code.mjs';
import { licences } from './licences.mjs';

const ROOT = resolve(import.meta.dirname, '../..');
const DIST = join(ROOT, 'dist');

/** Nest and Fastify load them where they are installed, and do without. */
const OPTIONAL = [
  '@fastify/multipart',
  '@fastify/static',
  '@fastify/view',
  '@nestjs/microservices',
  '@nestjs/platform-express',
  '@nestjs/websockets',
  'class-transformer',
  'class-validator',
  'file-type',
];

/**
 * A logger's context is the name of a class, and esbuild gives some of them other ones. Its keepNames mends that for every
 * function of every library, which costs 10 MB of memory and a tenth of the start.
 */
const keepClassNames = {
  name: 'keep-class-names',
  setup({ onLoad }) {
    const beginning = /^((?:export |let \w+ = (?:\w+ = )?)?class (\w+) [^\n]*\{)$/gm;
    const named = `$1 static { Object.defineProperty(this, 'name', { value: '$2', configurable: true }); }`;
    // In the same line, so that source maps stay true.
    onLoad({ filter: /[\\/](?:build|@nestjs)[\\/].*\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll(beginning, named),
    }));
  },
};

rmSync(DIST, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: ROOT,
  // A file that starts another as a thread or a program of its own finds it beside itself: nothing has a folder.
  entryPoints: ['main.js', 'history/sqlite/archive-worker.js', 'history/sqlite/archive-look.js'].map((name) =>
    join(ROOT, 'build', name),
  ),
  outdir: DIST,
  entryNames: '[name]',
  chunkNames: '[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  // libsql finds its binary by itself.
  external: ['libsql', ...OPTIONAL.flatMap((name) => [name, `${name}/*`])],
  plugins: [...lessCode, keepClassNames],
  alias,
  // What is CommonJS inside requires modules of Node.
  banner: {
    js: `import{createRequire as requireFrom}from'node:module';const require=requireFrom(import.meta.url);`,
  },
  // An error that nobody handles shows its line.
  lineLimit: 200,
  sourcemap: true,
  metafile: true,
  logLevel: 'warning',
});

for (const file of Object.keys(metafile.outputs).filter((name) => name.endsWith('.map'))) {
  const map = JSON.parse(readFileSync(join(ROOT, file), 'utf8'));
  // The text of libraries would be two thirds of it, and everybody can get that.
  map.sourcesContent = map.sourcesContent.map((text, i) =>
    /node_modules/.test(map.sources[i]) ? null : text,
  );
  writeFileSync(join(ROOT, file), JSON.stringify(map));
}
cpSync(join(ROOT, 'build/page/assets'), join(DIST, 'assets'), { recursive: true });
writeFileSync(join(DIST, 'LICENSES.txt'), licences(ROOT, [...Object.keys(metafile.inputs), ...pageInputs]));
