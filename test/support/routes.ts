import { spawnSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import { apiEnvironment } from '../../src/testing/api-process.mjs';

/** A route as Fastify knows it. */
export interface Route {
  readonly method: string;
  readonly path: string;
}

/** Every route that the built application answers, those of other plugins included; from a process of its own. */
export function routesOf(cwd: string): Route[] {
  const script = `
    const { createApp } = await import(${JSON.stringify(pathToFileURL(resolve('build/create-app.js')))});
    const app = await createApp({ log() {}, warn() {}, error: console.error });
    await app.init();
    const fastify = app.getHttpAdapter().getInstance();
    await fastify.ready();
    process.stdout.write(fastify.printRoutes({ commonPrefix: false }));
    await app.close();`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd,
    env: apiEnvironment({ VS_DATA_DIR: '', VS_METRICS_INTERVAL: '0' }),
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the routes cannot be listed:\n${stderr}`);
  return parseTree(stdout);
}

/** A line is a part of a path, below the part that it continues; with its methods when a route ends there. */
function parseTree(tree: string): Route[] {
  const parts: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const [, indent, part, methods] = /^((?:│ {3}| {4})*)[├└]── (\S+)(?: \((.+)\))?$/.exec(line) ?? [];
    if (indent === undefined || part === undefined) return [];
    parts.length = indent.length / 4;
    parts.push(part);
    return (methods?.split(', ') ?? []).map((method) => ({ method, path: parts.join('') }));
  });
}
