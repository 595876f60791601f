import { ConfigService } from '@nestjs/config';
import { type AddressInfo, isIPv6 } from 'node:net';
import { createApp } from './create-app.js';
import { giveBackSoon } from './give-back.js';
import { ApiKeys } from './http/access/api-keys.js';
import { type HttpConfig } from './http/http.config.js';
import { ListenError } from './listen-error.js';
import { type ProcessLog } from './log/process-log.js';
import { Shutdown } from './shutdown.js';

/**
 * Starts the application, whose shutdown follows by itself. Rejects with an EnvError or a {@link ListenError} when it cannot
 * start, and not once it is told to end.
 */
export async function start({ logger, flush }: ProcessLog): Promise<void> {
  const app = await createApp(logger);
  const shutdown = new Shutdown(app, flush);
  shutdown.listen();
  const { host, port } = app
    .get<ConfigService<{ http: HttpConfig }, true>>(ConfigService)
    .get('http', { infer: true });
  try {
    await app.listen(port, host);
  } catch (error) {
    if (shutdown.isUnderWay) return;
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
