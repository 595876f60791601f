import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { KEY_SCHEMES } from './access.decorator.js';
import { API_VERSION } from './api.js';

/** Where people read the API's description; programs read it at the same path followed by `-json`. */
export const DOCS_PATH = 'docs';

/** Says whether the path of a request is that of the page or of its assets. */
export function isDocs(url: string | undefined): boolean {
  return url === `/${DOCS_PATH}` || url?.startsWith(`/${DOCS_PATH}/`) === true;
}

/** The API's description, made from the routes that exist and the schemas that validate. */
export function openApiDocument(app: NestFastifyApplication): OpenAPIObject {
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

/** Serves the description, to all and without a key; it is put together at the first request. */
export function setUpOpenApi(app: NestFastifyApplication): void {
  SwaggerModule.setup(DOCS_PATH, app, () => openApiDocument(app), {
    raw: ['json'],
    customSiteTitle: 'Vintage Story metrics: API',
  });
}
