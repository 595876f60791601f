/** Plugins of esbuild that leave out of the bundle what this application never runs: less to read at the start, and less memory. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);
const rxjs = join(dirname(require.resolve('rxjs/package.json')), 'dist/esm');

/** Packages that are loaded for something that nobody here asks for, and what is taken from them while they are loaded. */
const NEVER_USED = {
  // Fastify: schemas of its own (HttpAdapter has none), its log, requests without a socket.
  '@fastify/ajv-compiler': [],
  '@fastify/fast-json-stringify-compiler': [],
  pino: ['symbols', 'stdSerializers'],
  'light-my-request': [],
  // @nestjs/schedule: cron jobs. @nestjs/swagger: the description as YAML. prom-client: exemplars.
  cron: ['CronJob'],
  'js-yaml': ['dump'],
  '@opentelemetry/api': ['trace', 'context'],
};

const exact = (names) => new RegExp(`^(?:${names.join('|')})$`);

/** In place of a package a value that is anything until somebody calls it. */
const neverUsed = {
  name: 'never-used',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: exact(Object.keys(NEVER_USED)) }, ({ path }) => ({ path, namespace: 'never-used' }));
    onLoad({ filter: /./, namespace: 'never-used' }, ({ path }) => ({
      contents: `
        const fail = () => { throw new Error('${path} is left out of the bundle: see src/bundle/less-code.mjs'); };
        const nothing = new Proxy(function () {}, { get: () => nothing, apply: fail, construct: fail });
        export { nothing as default, ${NEVER_USED[path].map((name) => `nothing as ${name}`).join()} };`,
    }));
  },
};

/** rxjs as ES modules, of which only what is imported is taken; for Node it says to take CommonJS, which is all or nothing. */
const rxjsInParts = {
  name: 'rxjs-in-parts',
  setup({ onResolve }) {
    onResolve({ filter: /^rxjs(\/operators)?$/ }, ({ path }) => ({
      path: join(rxjs, path === 'rxjs' ? '' : 'operators', 'index.js'),
      sideEffects: false,
    }));
  },
};

/** Of Nest too: a module does nothing when it is loaded but define what it exports. */
const nestInParts = {
  name: 'nest-in-parts',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /./ }, async ({ path, importer, resolveDir, kind, pluginData }) => {
      const isNests =
        path.startsWith('@nestjs/') || (path.startsWith('.') && /[\\/]@nestjs[\\/]/.test(importer));
      if (!isNests || pluginData === nestInParts) return undefined;
      const resolved = await resolve(path, { importer, resolveDir, kind, pluginData: nestInParts });
      return { ...resolved, sideEffects: false };
    });
  },
};

/** 147 KB, of which @fastify/compress wants to know what is worth compressing. */
const compressibleTypes = {
  name: 'compressible-types',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]mime-db[\\/]db\.json$/ }, ({ path }) => {
      const types = Object.entries(JSON.parse(readFileSync(path, 'utf8')));
      const compressible = types
        .filter(([, type]) => type.compressible)
        .map(([name]) => [name, { compressible: true }]);
      return { contents: JSON.stringify(Object.fromEntries(compressible)), loader: 'json' };
    });
  },
};

/** All of them. */
export const lessCode = [neverUsed, rxjsInParts, nestInParts, compressibleTypes];

/** readable-stream is Node's own for other places. */
export const alias = { 'readable-stream': 'node:stream' };
