import helmet from 'helmet';
import { IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { isDocs } from '../openapi/openapi.js';

/**
 * The headers that every answer begins with; `url` is that of the request. Nothing that would force HTTPS: most people
 * open the page over plain HTTP in their own network, where browsers also refuse the headers that need a secure origin.
 */
export function securityHeaders(url: string | undefined): OutgoingHttpHeaders {
  return isDocs(url) ? docs : usual;
}

/** They are the same for every answer, so they are made once: for each, that would be a tenth of its cost. */
function makeHeaders(styleSrc: string[]): OutgoingHttpHeaders {
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
  // No cache keeps what was answered to a key; an answer that may be kept says so itself.
  return { ...response.getHeaders(), 'cache-control': 'no-store' };
}

const usual = makeHeaders(["'self'"]);
// The page that shows the API's description has its styles in the HTML.
const docs = makeHeaders(["'self'", "'unsafe-inline'"]);
