#!/usr/bin/env -S node --
// With --, Node leaves `--env-file` to us. Nothing but this and what reads the arguments is loaded before they are known.
import { readFileSync } from 'node:fs';
import { ArgumentsError, HELP, readArguments } from './arguments.js';

try {
  const { action, demo, envFile } = readArguments(process.argv.slice(2));
  if (action === 'help') process.stdout.write(HELP);
  else if (action === 'version') process.stdout.write(`${version()}\n`);
  else {
    // Decorators need it before any other module is loaded, and the bundle leaves out the part of Nest that imports it.
    await import('reflect-metadata');
    const { run } = await import('./run.js');
    await run({ demo, envFile });
  }
} catch (error) {
  if (!(error instanceof ArgumentsError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}

function version(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
