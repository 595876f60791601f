import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import helmet from 'helmet';
import { IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { isDocs } from './openapi.js';

/**
 * Sets the security headers of every answer. Nothing that would force HTTPS: most people open the page over plain HTTP
 * in their own network, where browsers also refuse the headers that need a secure origin.
 */
export function useSecurityHeaders(app: NestFastifyApplication): void {
  const usual = securityHeaders(["'self'"]);
  // The page that shows the API's description has its styles in the HTML.
  const docs = securityHeaders(["'self'", "'unsafe-inline'"]);
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', (request, reply, done) => {
      void reply.headers(isDocs(request.url) ? docs : usual);
      done();
    });
}

/** They are the same for every answer, so they are made once: for each, that would be a tenth of its cost. */
function securityHeaders(styleSrc: string[]): OutgoingHttpHeaders {
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  const setHeaders = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        styleSrc,
        imgSrc: ["'self'", 'data:'],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    frameguard: { action: 'deny' },
    strictTransportSecurity: false,
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
  });
  setHeaders(response.req, response, (error) => {
    if (error !== undefined) throw error as Error;
  });
  return response.getHeaders();
}
