import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module, Res, Sse } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type ServerResponse } from 'node:http';
import { map, timer } from 'rxjs';
import { setUpCors } from '../src/http/cors.js';
import { httpConfig } from '../src/http/http.config.js';
import { ApiProcess, temporaryFolder } from './support/api-process.js';

const OURS = 'https://dash.example.org';
const ALSO_OURS = 'http://localhost:5173';
const CURRENT = 'api/v1alpha1/metrics/current';

describe('pages of other origins', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let api: ApiProcess;

  beforeEach(() => {
    folder = temporaryFolder();
  });

  afterEach(async () => {
    await api.kill();
    folder.remove();
  });

  const start = async (origins: string) => {
    api = await ApiProcess.start({ VS_CORS_ORIGINS: origins, VS_DATA_DIR: '' }, folder.path);
  };
  const preflight = (origin: string, method = 'GET') =>
    api.request(
      CURRENT,
      {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': method,
          'access-control-request-headers': 'x-api-key,authorization,last-event-id,content-type',
        },
      },
      null,
    );
  const allowed = (answer: Response) => answer.headers.get('access-control-allow-origin');

  it('may call when they are on the list, refusals included', async () => {
    await start(`${OURS}, ${ALSO_OURS}`);
    for (const origin of [OURS, ALSO_OURS]) {
      const asked = await preflight(origin);
      expect(asked.status).toBe(204);
      expect(allowed(asked)).toBe(origin);
      const headers = asked.headers.get('access-control-allow-headers')?.toLowerCase().split(/, */) ?? [];
      expect(headers.sort()).toEqual(['authorization', 'content-type', 'last-event-id', 'x-api-key']);
      expect(asked.headers.get('access-control-allow-methods')).toMatch(/GET.*POST/);
      expect(asked.headers.get('access-control-allow-credentials')).toBeNull();
      for (const key of [undefined, null]) {
        const answer = await api.request(CURRENT, { headers: { origin } }, key);
        expect([answer.status, allowed(answer)]).toEqual([key === null ? 401 : 200, origin]);
        expect(answer.headers.get('vary')).toContain('Origin');
      }
    }
  });

  it('may not when they are not', async () => {
    await start(OURS);
    for (const origin of [
      'https://evil.example.org',
      `${OURS}:8443`,
      'null',
      OURS.replace('https', 'http'),
    ]) {
      expect(allowed(await preflight(origin))).toBeNull();
      expect(allowed(await api.request(CURRENT, { headers: { origin } }))).toBeNull();
    }
  });

  it('may not when there is no list', async () => {
    await start('');
    const asked = await preflight(OURS);
    expect([asked.ok, allowed(asked)]).toEqual([false, null]);
    expect(allowed(await api.request(CURRENT, { headers: { origin: OURS } }))).toBeNull();
  });

  it.each([
    ['*', '"*"'],
    ['null', '"null"'],
    [`${OURS}/`, `"${OURS}/"`],
    [`${OURS},dash.example.org`, '"dash.example.org"'],
    [`${OURS},`, '""'],
    ['https://Dash.example.org', '"https://Dash.example.org"'],
    ['https://dash.example.org:443', '"https://dash.example.org:443"'],
  ])('are not described by %s', async (origins, bad) => {
    api = ApiProcess.spawn({ VS_CORS_ORIGINS: origins }, folder.path);
    expect((await api.exited).code).toBe(1);
    const lines = api.output.trim().split('\n');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^VS_CORS_ORIGINS=.* cannot be used; allowed: origins such as /);
    expect(lines[0]).toContain(`(not one: ${bad})`);
  });
});

@Controller()
class StreamController {
  @Sse('sse')
  events() {
    return timer(0).pipe(map(() => ({ data: 'hello' })));
  }

  @Get('raw')
  raw(@Res() reply: { raw: ServerResponse; hijack: () => void }) {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' });
    reply.raw.end('data: hello\n\n');
  }
}

@Module({ imports: [ConfigModule.forFeature(httpConfig)], controllers: [StreamController] })
class StreamModule {}

describe('a stream', () => {
  let app: NestFastifyApplication;

  beforeEach(async () => {
    process.env.VS_CORS_ORIGINS = OURS;
    app = await NestFactory.create<NestFastifyApplication>(StreamModule, new FastifyAdapter(), {
      logger: false,
    });
    setUpCors(app);
    await app.listen(0, '127.0.0.1');
  });

  afterEach(async () => {
    delete process.env.VS_CORS_ORIGINS;
    await app.close();
  });

  it.each(['sse', 'raw'])('can be read across origins when it is sent with %s', async (path) => {
    const answer = await fetch(new URL(path, await app.getUrl()), { headers: { origin: OURS } });
    expect(await answer.text()).toContain('data: hello');
    expect(answer.headers.get('access-control-allow-origin')).toBe(OURS);
  });
});
