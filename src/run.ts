// First: decorators need it, and of Nest's index, which imports it too, the bundle has but what is used.
import 'reflect-metadata';
import { ConfigService } from '@nestjs/config';
import { type AddressInfo, isIPv6 } from 'node:net';
import { inspect } from 'node:util';
import { type Arguments } from './arguments.js';
import { EnvError } from './config/env.js';
import { loadEnvFile } from './config/env-file.js';
import { createApp } from './create-app.js';
import { setUpDemo } from './demo.js';
import { giveBackSoon } from './give-back.js';
import { ApiKeys } from './http/access/api-keys.js';
import { type HttpConfig } from './http/http.config.js';
import { type ProcessLog, setUpLog } from './log/process-log.js';
import { visibleText } from './log/visible-text.js';
import { Shutdown } from './shutdown.js';

let shutdown: Shutdown | null = null;

/**
 * Runs the application until it is told to end. A start that fails is reported in a line for each reason, and ends the
 * process with exit code 1.
 */
export async function run({ demo, envFile }: Pick<Arguments, 'demo' | 'envFile'>): Promise<void> {
  const log = setUpLog();
  try {
    // What is set first wins. A real server's settings do not fit the demo.
    if (demo) setUpDemo();
    if (envFile !== null) loadEnvFile(envFile, { isRequired: true });
    else if (!demo) loadEnvFile('.env');
    await start(log);
  } catch (error) {
    if (shutdown?.isUnderWay === true) return;
    const isExpected = error instanceof EnvError || error instanceof ListenError;
    const lines = isExpected ? error.message.split('\n') : [inspect(error)];
    for (const line of lines) console.error(visibleText(line));
    await log.flush();
    process.exit(1);
  }
}

async function start({ logger, flush }: ProcessLog): Promise<void> {
  const app = await createApp(logger);
  shutdown = new Shutdown(app, flush);
  shutdown.listen();
  const { host, port } = app
    .get<ConfigService<{ http: HttpConfig }, true>>(ConfigService)
    .get('http', { infer: true });
  try {
    await app.listen(port, host);
  } catch (error) {
    // Not closed: nothing was started yet, and a game that was taken over from an earlier run must go on.
    throw new ListenError(host, port, error as NodeJS.ErrnoException);
  }
  const key = app.get(ApiKeys).generatedAdminKey;
  const { port: boundPort } = app.getHttpServer().address() as AddressInfo;
  const address = `http://${isIPv6(host) ? `[${host}]` : host}:${boundPort}/`;
  // Plain text on a line of its own: a person copies it from a terminal, a program reads it from a pipe.
  console.log(`Vintage Story metrics: ${address}${key === null ? '' : `#key=${key}`}`);
  giveBackSoon();
}

/** The address is not ours to listen on; the message names host and port. */
class ListenError extends Error {
  constructor(host: string, port: number, cause: NodeJS.ErrnoException) {
    const reason = cause.code === 'EADDRINUSE' ? 'the port is taken' : cause.message;
    super(`Cannot listen on ${host}:${port} (VS_API_HOST, VS_API_PORT): ${reason}`);
  }
}
