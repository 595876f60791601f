import helmet from 'helmet';
import { IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

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

/**
 * The headers that every answer begins with. Nothing that would force HTTPS: most people open the page over plain HTTP in
 * their own network, where browsers also refuse the headers that need a secure origin.
 */
export const SECURITY_HEADERS = makeHeaders(["'self'"]);

/** The same for a page that has styles in its HTML. */
export const SECURITY_HEADERS_WITH_INLINE_STYLES = makeHeaders(["'self'", "'unsafe-inline'"]);
