import fastifyHelmet from '@fastify/helmet';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type IncomingMessage } from 'node:http';
import { isDocs } from './openapi.js';

/**
 * Sets the security headers of every answer. Nothing that would force HTTPS: most people open the page over plain HTTP
 * in their own network, where browsers also refuse the headers that need a secure origin.
 */
export async function useSecurityHeaders(app: NestFastifyApplication): Promise<void> {
  await app.register(fastifyHelmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        // The page that shows the API's description has its styles in the HTML.
        styleSrc: [({ url }: IncomingMessage) => (isDocs(url) ? "'self' 'unsafe-inline'" : "'self'")],
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
}
