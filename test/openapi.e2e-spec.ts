import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { resolve } from 'node:path';
import { type z } from 'zod';
import * as schemas from '../src/http/openapi/schemas.js';
import { ADMIN_KEY, ApiProcess, MONITOR_KEY } from '../src/testing/api-process.mjs';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { waitFor } from '../src/testing/wait-for.js';
import { routesOf } from './support/routes.js';

interface Operation {
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly Record<string, never[]>[];
  readonly 'x-roles'?: readonly string[];
  readonly parameters?: readonly { readonly name: string; readonly required?: boolean }[];
  readonly responses: Readonly<Record<string, { description?: string; content?: object }>>;
}

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly securitySchemes: Readonly<Record<string, object>> };
}

/** Pages and their assets: for people, not for programs. */
const NOT_DESCRIBED = [/^\/docs(\/|-json$|$)/, /^\/([\w.-]+\.(js|css|html|svg))?$/];

describe('the OpenAPI description', () => {
  const folder = temporaryFolder();
  let api: ApiProcess;
  let description: Description;
  let operations: (readonly [string, Operation])[];

  beforeAll(async () => {
    api = await ApiProcess.start(
      {
        VS_METRICS_INTERVAL: '0.2',
        VS_DATA_DIR: '',
        VS_SERVER_COMMAND: `${process.execPath} ${resolve('examples/sample-server.mjs')}`,
        VS_SERVER_STOP_COMMAND: '',
      },
      folder.path,
    );
    description = (await (await api.request('docs-json', {}, null)).json()) as Description;
    operations = Object.entries(description.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(
        ([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const,
      ),
    );
  });

  afterAll(async () => {
    api.child.kill('SIGTERM');
    await api.exited;
    folder.remove();
  });

  it('is valid', async () => {
    expect(await new Validator().validate({ ...description })).toEqual({ valid: true });
  });

  it('has every route that exists, and no other', () => {
    const routes = routesOf(folder.path)
      .filter(({ method }) => method !== 'HEAD' && method !== 'OPTIONS')
      .filter(({ path }) => !NOT_DESCRIBED.some((pattern) => pattern.test(path)))
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`);
    expect(routes.length).toBeGreaterThanOrEqual(10);
    expect(operations.map(([name]) => name).sort()).toEqual(routes.sort());
  });

  it('says of every route what it does, who may call it and what it answers', () => {
    for (const [name, { summary, tags, security, responses, ...rest }] of operations) {
      const roles = rest['x-roles'];
      expect({ name, summary }).toEqual({ name, summary: expect.stringMatching(/\S/) });
      expect({ name, tags }).toEqual({ name, tags: [expect.stringMatching(/\S/)] });
      expect({ name, roles }).toEqual({ name, roles: expect.any(Array) });
      expect({ name, success: responses['200'] }).toEqual({
        name,
        success: { description: expect.stringMatching(/\S/), content: expect.any(Object) },
      });
      const refusals = Object.keys(responses).filter((status) => status === '401' || status === '403');
      const isPublic = roles?.length === 0;
      const expected = isPublic ? [] : roles?.length === 2 ? ['401'] : ['401', '403'];
      expect({ name, refusals }).toEqual({ name, refusals: expected });
      const schemes = isPublic ? undefined : [{ 'X-API-Key': [] }, { Bearer: [] }];
      expect({ name, security }).toEqual({ name, security: schemes });
    }
  });

  it('names each parameter once, and no header that must be sent', () => {
    for (const [name, { parameters = [] }] of operations) {
      const names = parameters.map((parameter) => parameter.name.toLowerCase());
      expect({ name, names }).toEqual({ name, names: [...new Set(names)] });
      expect({ name, required: parameters.filter(({ required }) => required) }).toEqual({
        name,
        required: [],
      });
    }
    expect(operations.flatMap(([, { parameters = [] }]) => parameters.map((p) => p.name)).sort()).toEqual(
      [
        ...['Last-Event-ID', 'minutes', 'points', 'limit', 'format', 'format'],
        ...['from', 'from', 'from', 'from', 'to', 'to', 'to', 'to'],
      ].sort(),
    );
  });

  it('tells the truth about who may call', async () => {
    for (const [name, operation] of operations) {
      const [method = '', path = ''] = name.split(' ');
      // A POST by somebody who may would change something; those who may not are refused before that.
      const isHarmless = method === 'GET' && !path.endsWith('/stream');
      const roles = operation['x-roles'] ?? [];
      const status = async (key: string | null) => (await api.request(path.slice(1), { method }, key)).status;
      if (roles.length > 0) expect([name, await status(null)]).toEqual([name, 401]);
      if (isHarmless) expect([name, await status(ADMIN_KEY)]).toEqual([name, 200]);
      if (roles.length > 0 && !roles.includes('monitor')) {
        expect([name, await status(MONITOR_KEY)]).toEqual([name, 403]);
      } else if (isHarmless) expect([name, await status(MONITOR_KEY)]).toEqual([name, 200]);
    }
  });

  it('tells the truth about the answers', async () => {
    await api.data('server/start', 'POST');
    await waitFor(async () => {
      const latest = await api.data<{ gameMemoryMb: number | null } | null>('metrics/current');
      return latest !== null && latest.gameMemoryMb !== null;
    });
    const answers: [string, z.ZodType][] = [
      ['metrics/current', schemas.snapshot],
      ['metrics/history', schemas.history],
      ['metrics/info', schemas.metricsInfo],
      ['events', schemas.events],
      ['alerts', schemas.alerts],
      ['server/status', schemas.serverStatus],
    ];
    for (const [path, schema] of answers) {
      const body: unknown = await (await api.request(`api/v1alpha1/${path}`)).json();
      expect([path, schemas.success(schema).safeParse(body).error]).toEqual([path, undefined]);
    }
    for (const [path, method, key] of [
      ['metrics/current', 'GET', null],
      ['metrics/current', 'GET', MONITOR_KEY],
      ['metrics/history?minutes=0', 'GET', ADMIN_KEY],
      ['server/start', 'POST', ADMIN_KEY],
      ['alerts/test', 'POST', ADMIN_KEY],
    ] as const) {
      const answer = await api.request(`api/v1alpha1/${path}`, { method }, key);
      const { error } = schemas.problem.safeParse(await answer.json());
      expect([path, answer.ok, error]).toEqual([path, false, undefined]);
    }
  });

  it('offers both ways to send a key, and each works', async () => {
    expect(description.components.securitySchemes).toEqual({
      'X-API-Key': { type: 'apiKey', in: 'header', name: 'X-API-Key' },
      Bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'API key' },
    });
    const path = 'api/v1alpha1/metrics/current';
    expect((await api.request(path, { headers: { 'X-API-Key': ADMIN_KEY } }, null)).status).toBe(200);
    const authorization = `Bearer ${ADMIN_KEY}`;
    expect((await api.request(path, { headers: { authorization } }, null)).status).toBe(200);
  });

  it('has a page that needs no key and runs no inline script', async () => {
    const page = await api.request('docs', {}, null);
    expect(page.headers.get('content-type')).toContain('text/html');
    const html = await page.text();
    const scripts = [...html.matchAll(/<script([^>]*)>([^]*?)<\/script>/g)];
    expect(scripts.length).toBeGreaterThan(0);
    for (const [, attributes = '', inline = ''] of scripts) {
      expect(inline.trim()).toBe('');
      const source = /src="([^"]+)"/.exec(attributes)?.[1] ?? '';
      const script = await api.request(new URL(source, new URL('docs', api.url)).href, {}, null);
      expect([source, script.status]).toEqual([source, 200]);
    }
  });

  it('has that page also below an address that ends in a slash', async () => {
    const page = await api.request('docs/', {}, null);
    expect([page.status, new URL(page.url).pathname]).toEqual([200, '/docs']);
  });
});
