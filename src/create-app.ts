import { Logger, type LoggerService, StandardSchemaValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import fastifyCompress from '@fastify/compress';
import { constants } from 'node:zlib';
import { AppModule } from './app.module.js';
import { archiveConfig } from './archive/archive.config.js';
import { checkSettings, envWarnings } from './config/env.js';
import { setUpCors } from './http/cors.js';
import { takeEmptyBodies } from './http/empty-bodies.js';
import { httpConfig } from './http/http.config.js';
import { setUpOpenApi } from './http/openapi.js';
import { useSecurityHeaders } from './http/security-headers.js';
import { metricsConfig } from './metrics/metrics.config.js';
import { servePage } from './page/serve-page.js';
import { serverConfig } from './server/server.config.js';

/** No route takes a body of more than a few fields. */
const BODY_LIMIT_BYTES = 64 * 1024;
/** Answers are compressed as they are sent: nearly as small as with the best quality, in a fraction of the time. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };

/**
 * The application, not yet listening: what main and each end-to-end test share. Rejects with an EnvError when
 * variables hold values that cannot be used.
 */
export async function createApp(logger?: LoggerService): Promise<NestFastifyApplication> {
  checkSettings([httpConfig, metricsConfig, archiveConfig, serverConfig]);
  const adapter = new FastifyAdapter({ bodyLimit: BODY_LIMIT_BYTES, forceCloseConnections: true });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule, adapter, {
    abortOnError: false,
    ...(logger === undefined ? {} : { logger }),
  });
  for (const warning of envWarnings()) new Logger('Configuration').warn(warning);
  app.useGlobalPipes(new StandardSchemaValidationPipe());
  useSecurityHeaders(app);
  takeEmptyBodies(app);
  setUpCors(app);
  await app.register(fastifyCompress, { encodings: ['br', 'gzip'], brotliOptions: BROTLI });
  setUpOpenApi(app);
  await servePage(app);
  return app;
}
