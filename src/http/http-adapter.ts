import { HttpException } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { fastify, type FastifyReply } from 'fastify';
import { takeTurn } from './connection-turns.js';
import { SECURITY_HEADERS } from './access/security-headers.js';

/** No route takes a body of more than a few fields. */
const BODY_LIMIT_BYTES = 64 * 1024;
/** Within this time a request has come as a whole, its body included. */
const REQUEST_TIMEOUT_MS = 30_000;
/** How often Node looks for requests that take longer. */
const CHECKING_INTERVAL_MS = 5_000;
/** A connection on which nothing moves for this long is closed; an open stream has a comment every 15 s. */
const IDLE_TIMEOUT_MS = 120_000;

/** What a route takes and answers is described by zod: Fastify's own compilers of schemas are never loaded. */
const noSchema = () => {
  throw new Error('Schemas of Fastify are not used here: describe a route by zod');
};

/** Nest's adapter for Fastify, with limits for what one client may ask of us. */
export class HttpAdapter extends FastifyAdapter {
  constructor() {
    const http = fastify({
      bodyLimit: BODY_LIMIT_BYTES,
      forceCloseConnections: true,
      schemaController: { compilersFactory: { buildValidator: noSchema, buildSerializer: noSchema } },
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionTimeout: IDLE_TIMEOUT_MS,
      http: { requestTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: CHECKING_INTERVAL_MS },
      // What no route can be found for, such as a path that cannot be decoded, meets no hook.
      frameworkErrors: (error, { raw }, reply: FastifyReply) => {
        takeTurn(raw, reply.raw, () => void reply.headers(SECURITY_HEADERS).send(error));
      },
    });
    // Before the hooks that Nest adds, so that whatever waits has cost nothing yet.
    http.addHook('onRequest', ({ raw }, reply, done) => {
      void reply.headers(SECURITY_HEADERS);
      takeTurn(raw, reply.raw, done);
    });
    super(http);
  }

  /** An error of Fastify or of a plugin that blames the request is an answer to it; only ours are logged. */
  override mapException(error: unknown): unknown {
    const { statusCode, message } = error as { statusCode?: unknown; message: string };
    const isRequests = typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500;
    return isRequests ? new HttpException(message, statusCode, { cause: error }) : super.mapException(error);
  }
}
