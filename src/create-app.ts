import { Logger, type LoggerService } from '@nestjs/common';
import { HttpAdapterHost, NestFactory } from '@nestjs/core';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import fastifyCompress from '@fastify/compress';
import { constants } from 'node:zlib';
import { AppModule } from './app.module.js';
import { alertsConfig } from './alerts/alerts.config.js';
import { EventLog } from './events/event-log.js';
import { historyConfig } from './history/history.config.js';
import { checkSettings, envWarnings } from './config/env.js';
import { setUpCors } from './http/access/cors.js';
import { takeEmptyBodies } from './http/empty-bodies.js';
import { HttpAdapter } from './http/http-adapter.js';
import { httpConfig } from './http/http.config.js';
import { setUpOpenApi } from './http/openapi/openapi.js';
import { StrictParametersPipe } from './http/routes/strict-parameters.pipe.js';
import { countWrongKeys } from './http/access/wrong-keys.js';
import { metricsConfig } from './metrics/metrics.config.js';
import { servePage } from './page/serve-page.js';
import { gameServerConfig } from './game-server/game-server.config.js';
import { telemetryConfig } from './telemetry/telemetry.config.js';

/** Answers are compressed as they are sent: nearly as small as with the best quality, in a fraction of the time. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };

/**
 * The application, not yet listening: what main and each end-to-end test share. Rejects with an EnvError when
 * variables hold values that cannot be used.
 */
export async function createApp(logger?: LoggerService): Promise<NestFastifyApplication> {
  checkSettings([httpConfig, metricsConfig, historyConfig, gameServerConfig, telemetryConfig, alertsConfig]);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule, new HttpAdapter(), {
    abortOnError: false,
    ...(logger === undefined ? {} : { logger }),
  });
  for (const warning of envWarnings()) new Logger('Configuration').warn(warning);
  // Before anybody else, such as the game, starts because it listens.
  app.get(HttpAdapterHost).listen$.subscribe(() => {
    app.get(EventLog).tell('api_started');
  });
  app.useGlobalPipes(new StrictParametersPipe());
  takeEmptyBodies(app);
  setUpCors(app);
  await countWrongKeys(app);
  await app.register(fastifyCompress, { encodings: ['br', 'gzip'], brotliOptions: BROTLI });
  setUpOpenApi(app);
  servePage(app);
  return app;
}
