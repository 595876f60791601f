import { type INestApplication } from '@nestjs/common';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type OpenAPIObject } from '@nestjs/swagger';
import { KEY_SCHEMES } from '../access/access.decorator.js';
import { API_VERSION } from '../api.js';
import { loadSwagger } from './describe.decorator.js';

/** Where people read the API's description; programs read it at the same path followed by `-json`. */
export const DOCS_PATH = 'docs';

/** Says whether the path of a request is that of the page or of its assets. */
export function isDocs(url: string | undefined): boolean {
  return url === `/${DOCS_PATH}` || url?.startsWith(`/${DOCS_PATH}/`) === true;
}

/** The API's description, made from the routes that exist and the schemas that validate. */
async function openApiDocument(app: INestApplication): Promise<OpenAPIObject> {
  const { DocumentBuilder, SwaggerModule } = await loadSwagger();
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

/** Serves the description as JSON, to all and without a key; it is put together at the first request. */
export function setUpOpenApi(app: NestFastifyApplication): void {
  let document: Promise<OpenAPIObject> | undefined;
  app
    .getHttpAdapter()
    .getInstance()
    .get(`/${DOCS_PATH}-json`, () => (document ??= openApiDocument(app)));
}
