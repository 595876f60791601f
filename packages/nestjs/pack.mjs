/**
 * Makes the package nestjs-process-metrics from the sources of the application, and packs it (`npm run pack:module`);
 * arguments, such as `--pack-destination FOLDER`, are those of `npm pack`.
 *
 * Everything is there twice, for `import` and for `require`: Jest in a CommonJS application, as the Nest 11 CLI makes it, loads
 * no ES modules. zod, 8 MB installed, is bundled, of which 0.1 MB is used.
 */
import { build } from 'esbuild';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const HERE = import.meta.dirname;
const ROOT = resolve(HERE, '../..');
const COMPILED = join(HERE, 'dist/compiled');
const PACKAGE = join(HERE, 'dist/package');
const FORMATS = { esm: 'module', cjs: 'commonjs' };
const ENTRIES = { index: 'metrics/index', health: 'metrics/metrics-health' };

const manifest = JSON.parse(readFileSync(join(HERE, 'package.json'), 'utf8'));

rmSync(join(HERE, 'dist'), { recursive: true, force: true });
// esbuild alone writes no types of the constructors' parameters, by which Nest injects.
run(process.execPath, join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', HERE);
for (const format of Object.keys(FORMATS)) {
  await bundle(format);
  copyTypes(join(PACKAGE, format));
  writeFileSync(join(PACKAGE, format, 'package.json'), `{ "type": "${FORMATS[format]}" }\n`);
}
for (const [from, to] of [
  [join(HERE, 'package.json'), 'package.json'],
  [join(HERE, 'README.md'), 'README.md'],
  [join(ROOT, 'LICENSE'), 'LICENSE'],
  [join(ROOT, 'node_modules/zod/LICENSE'), 'LICENSE-zod'],
])
  cpSync(from, join(PACKAGE, to));
const npm = process.env.npm_execpath;
if (npm === undefined) throw new Error('Run it by npm: npm run pack:module');
run(process.execPath, npm, 'pack', '--ignore-scripts', PACKAGE, ...process.argv.slice(2));

async function bundle(format) {
  for (const [name, entry] of Object.entries(ENTRIES))
    await build({
      entryPoints: { [name]: join(COMPILED, `${entry}.js`) },
      outdir: join(PACKAGE, format),
      bundle: true,
      format,
      platform: 'node',
      target: 'node20.19',
      // Nest shows the names of classes, and bundling may change them.
      keepNames: true,
      // One entry has the other's classes, not copies of them.
      external: [
        './index.js',
        ...Object.keys(manifest.dependencies),
        ...Object.keys(manifest.peerDependencies),
      ],
      logLevel: 'warning',
    });
}

/** Copies the declarations that the entries reach. */
function copyTypes(folder) {
  const seen = new Set();
  const copy = (file) => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = readFileSync(file, 'utf8');
    const to = join(folder, relative(COMPILED, file));
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(to, text);
    for (const [, path] of text.matchAll(/(?:from |import\()['"](\.{1,2}\/[^'"]+)\.js['"]/g))
      copy(resolve(dirname(file), `${path}.d.ts`));
  };
  for (const entry of Object.values(ENTRIES)) copy(join(COMPILED, `${entry}.d.ts`));
}

function run(program, ...args) {
  execFileSync(program, args, { stdio: 'inherit' });
}
