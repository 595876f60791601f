import fastifyRateLimit from '@fastify/rate-limit';
import { HttpException, HttpStatus, UnauthorizedException } from '@nestjs/common';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type FastifyReply, type FastifyRequest } from 'fastify';

/** How many wrong keys an address may send in a minute; each one beyond that begins the minute anew. */
const MAX_A_MINUTE = 10;

/** Counts wrong keys by address (IPv6: by /64), for the 5,000 addresses that sent one last. */
export async function countWrongKeys(app: NestFastifyApplication): Promise<void> {
  await app.register(fastifyRateLimit, {
    global: false,
    max: MAX_A_MINUTE,
    timeWindow: 60_000,
    continueExceeding: true,
  });
}

/**
 * The answer to a wrong key: 401, or 429 for whoever seems to guess. A right key is never refused for it: behind a
 * reverse proxy all clients have one address.
 */
export async function wrongKey(request: FastifyRequest, reply: FastifyReply): Promise<HttpException> {
  // Without options: the counter that all share.
  const result = await request.server.createRateLimit()(request);
  if (result.isAllowed || !result.isExceeded) return new UnauthorizedException('This key is not known.');
  void reply.header('retry-after', result.ttlInSeconds);
  return new HttpException(
    {
      message: `This key is not known, and there were more than ${MAX_A_MINUTE} of that kind from this address within a minute. Wait a minute.`,
      error: 'Too Many Requests',
      statusCode: HttpStatus.TOO_MANY_REQUESTS,
    },
    HttpStatus.TOO_MANY_REQUESTS,
  );
}
