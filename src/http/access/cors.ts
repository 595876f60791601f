import { ConfigService } from '@nestjs/config';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type HttpConfig } from '../http.config.js';

/** How long a browser may remember the answer to a preflight request. */
const MAX_AGE_SECONDS = 600;

/**
 * Lets pages of the configured origins call every route, the stream included: Nest's Fastify adapter sets these
 * headers before a handler runs, on responses that a handler writes by itself as well. No credentials: a key
 * is a header that the page sets, never a cookie.
 */
export function setUpCors(app: NestFastifyApplication): void {
  const { corsOrigins } = app
    .get<ConfigService<{ http: HttpConfig }, true>>(ConfigService)
    .get('http', { infer: true });
  if (corsOrigins.length === 0) return;
  app.enableCors({
    origin: corsOrigins,
    methods: ['GET', 'POST', 'PATCH'],
    allowedHeaders: ['X-API-Key', 'Authorization', 'Last-Event-ID', 'Content-Type'],
    maxAge: MAX_AGE_SECONDS,
  });
}
