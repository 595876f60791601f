import { type NestFastifyApplication } from '@nestjs/platform-fastify';

/** Lets a request announce JSON and send nothing, as many clients do with each POST; Fastify would answer 400. */
export function takeEmptyBodies(app: NestFastifyApplication): void {
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', ({ headers }, _reply, done) => {
      const isEmpty =
        (headers['content-length'] ?? '0') === '0' && headers['transfer-encoding'] === undefined;
      if (isEmpty) delete headers['content-type'];
      done();
    });
}
