import { type INestApplication } from '@nestjs/common';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { API_VERSION } from '../contract.js';
import { KEY_SCHEMES } from './describe-access.js';

/** The API's description, made from the routes that exist and the schemas that validate. */
function openApiDocument(app: INestApplication): OpenAPIObject {
  const frame = new DocumentBuilder()
    .setTitle('Vintage Story metrics')
    .setDescription(
      'Memory and CPU of a game server and of the process that manages it. Times are UTC. ' +
        'A key goes into either header; "Authorize" sets it for this page.',
    )
    .setVersion(API_VERSION)
    .addApiKey({ type: 'apiKey', in: 'header', name: 'X-API-Key' }, KEY_SCHEMES.header)
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'API key' }, KEY_SCHEMES.bearer)
    .build();
  return SwaggerModule.createDocument(app, frame, {
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}_${method}`,
  });
}

/** Serves the description at `/docs-json`, to all and without a key; it is put together at the first request. */
export function setUpOpenApi(app: NestFastifyApplication): void {
  let document: OpenAPIObject | undefined;
  app
    .getHttpAdapter()
    .getInstance()
    .get('/docs-json', () => (document ??= openApiDocument(app)));
}
