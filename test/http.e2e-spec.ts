import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type INestApplication, type Type } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type AlertsOverview } from '../src/alerts/alerts-overview.js';
import { AppModule } from '../src/app.module.js';
import { ACCESS } from '../src/http/access/access.decorator.js';
import { ADMIN_KEY, ApiProcess, MONITOR_KEY } from '../src/testing/api-process.mjs';
import { temporaryFolder } from '../src/testing/temporary-folder.js';

const ADMIN_ROUTES = [
  ['GET', 'api/v1alpha1/metrics/current'],
  ['GET', 'api/v1alpha1/metrics/history'],
  ['GET', 'api/v1alpha1/metrics/info'],
  ['POST', 'api/v1alpha1/server/start'],
  ['POST', 'api/v1alpha1/server/stop'],
  ['POST', 'api/v1alpha1/server/restart'],
  ['POST', 'api/v1alpha1/alerts/test'],
] as const;

describe('the HTTP API', () => {
  const folder = temporaryFolder();
  let api: ApiProcess;

  beforeAll(async () => {
    api = await ApiProcess.start({ VS_METRICS_INTERVAL: '0.1' }, folder.path);
  });

  afterAll(async () => {
    await api.kill();
    folder.remove();
  });

  describe('keys and roles', () => {
    it.each(ADMIN_ROUTES)('%s %s: no key 401, wrong key 401, monitor 403', async (method, path) => {
      for (const [key, status] of [
        [null, 401],
        // One for each route: after ten wrong keys within a minute the answer is another.
        [`${ADMIN_KEY}x`, 401],
        [MONITOR_KEY, 403],
      ] as const) {
        const response = await api.request(path, { method }, key);
        expect(response.status).toBe(status);
        expect(await response.json()).toMatchObject({ statusCode: status });
      }
    });

    it.each(['server/status', 'alerts'])('lets both roles see %s, and nobody else', async (path) => {
      for (const [key, status] of [
        [ADMIN_KEY, 200],
        [MONITOR_KEY, 200],
        [null, 401],
      ] as const) {
        expect((await api.request(`api/v1alpha1/${path}`, {}, key)).status).toBe(status);
      }
    });

    it('takes a bearer token as well', async () => {
      const headers = { authorization: `Bearer ${ADMIN_KEY}` };
      expect((await api.request('api/v1alpha1/metrics/info', { headers }, null)).status).toBe(200);
    });

    it('needs no key for the probes', async () => {
      for (const path of ['healthz', 'readyz']) {
        const response = await api.request(path, {}, null);
        expect(response.status).toBe(200);
        expect(await response.json()).toMatchObject({ status: 'ok' });
      }
    });

    it('has a rule for every route: one without is open to nobody', async () => {
      const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
      const app: INestApplication = module.createNestApplication(new FastifyAdapter());
      const handlers = app
        .get(DiscoveryService, { strict: false })
        .getControllers()
        .flatMap(({ metatype }) => {
          const prototype = (metatype as Type<object>).prototype as object;
          return new MetadataScanner().getAllMethodNames(prototype).map((name) => {
            const handler = Reflect.get(prototype, name) as object;
            return {
              route: `${prototype.constructor.name}.${name}`,
              isRoute: Reflect.hasMetadata('path', handler),
              rule: Reflect.getMetadata(ACCESS, handler) as unknown,
            };
          });
        })
        .filter(({ isRoute }) => isRoute);
      expect(handlers.length).toBeGreaterThanOrEqual(9);
      expect(handlers.filter(({ rule }) => rule === undefined)).toEqual([]);
      await app.close();
    });
  });

  describe('answers', () => {
    it('gives the newest snapshot with exactly the fields of the contract', async () => {
      const response = await api.request('api/v1alpha1/metrics/current');
      expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
      const { status, data } = (await response.json()) as { status: string; data: Record<string, unknown> };
      expect(status).toBe('ok');
      expect(Object.keys(data)).toEqual([
        'timestamp',
        'apiMemoryMb',
        'apiCpuPercent',
        'gameMemoryMb',
        'gameCpuPercent',
        'gameThreads',
        'players',
        'tickMs',
        'ticksPerSecond',
        'gcHeapMb',
        'gcPausePercent',
        'gcPauseMaxMs',
        'machineCpuPercent',
        'machineMemoryAvailableMb',
        'diskFreeMb',
      ]);
      expect(data.timestamp).toBe(new Date(String(data.timestamp)).toISOString());
      expect(data.apiMemoryMb).toBeGreaterThan(20);
      expect(data).toMatchObject({ gameMemoryMb: null, gameCpuPercent: null });
    });

    it('gives the history oldest first, all of it and by minutes', async () => {
      for (const query of ['', '?minutes=1', '?minutes=5256000']) {
        const data = await api.data<{ metrics: { timestamp: string }[]; count: number }>(
          `metrics/history${query}`,
        );
        expect(data.count).toBe(data.metrics.length);
        expect(data.count).toBeGreaterThan(0);
        const times = data.metrics.map(({ timestamp }) => timestamp);
        expect(times).toEqual([...times].sort());
      }
    });

    it('says what a client needs to judge the samples', async () => {
      const info = await api.data<{ now: string; startedAt: string; cores: number }>('metrics/info');
      expect(info).toMatchObject({ intervalSeconds: 0.1, capacity: 360 });
      expect(info.cores).toBeGreaterThan(0);
      expect(Math.abs(Date.now() - Date.parse(info.now))).toBeLessThan(5000);
      expect(Math.abs(Date.now() - Date.parse(info.startedAt))).toBeLessThan(60_000);
    });

    it('shows the alert rules also without a webhook, and then sends no test message', async () => {
      const { webhook, rules } = await api.data<AlertsOverview>('alerts');
      expect(webhook).toEqual({ isConfigured: false, kind: null, waiting: 0, problem: null });
      const names = ['game', 'memory', 'tick', 'cpu', 'disk', 'samples', 'history'];
      expect(rules.map(({ rule }) => rule)).toEqual(names);
      const answer = await api.request('api/v1alpha1/alerts/test', { method: 'POST' });
      expect([answer.status, await answer.json()]).toEqual([
        409,
        {
          statusCode: 409,
          error: 'Conflict',
          message: 'No webhook is configured: set VS_ALERT_WEBHOOK.',
        },
      ]);
    });

    it('says that no server is configured', async () => {
      expect(await api.data('server/status')).toEqual({
        state: 'not_configured',
        controllable: true,
        pid: null,
        uptimeSeconds: null,
        lastExitCode: null,
        lastExitSignal: null,
        lastError: null,
        restartAt: null,
      });
    });
  });

  describe('bad requests', () => {
    it.each(['0', '-1', 'abc', '1.5', '', '5256001', '1e3', '1&minutes=2'])(
      'minutes=%s: 400 that names the parameter',
      async (value) => {
        const response = await api.request(`api/v1alpha1/metrics/history?minutes=${value}`);
        expect(response.status).toBe(400);
        expect(JSON.stringify(await response.json())).toContain('minutes: ');
      },
    );

    it.each(['MINUTES=1', 'minutes[]=1', 'minute=5', 'points=5&_=1'])(
      '%s: 400 that names what is not known',
      async (query) => {
        for (const route of ['history', 'export']) {
          const response = await api.request(`api/v1alpha1/metrics/${route}?${query}`);
          expect(response.status).toBe(400);
          const name = /(MINUTES|minutes\[\]|minute|_)=/.exec(query)?.[1] ?? '';
          expect(((await response.json()) as { message: string[] }).message.join()).toContain(`"${name}"`);
        }
      },
    );

    it.each(['start', 'stop', 'restart'])('%s with nothing configured: 409 in words', async (action) => {
      const response = await api.request(`api/v1alpha1/server/${action}`, { method: 'POST' });
      expect(response.status).toBe(409);
      expect(((await response.json()) as { message: string }).message).toMatch(/configured/);
    });

    it('takes an empty body that is announced as JSON, as the routes without parameters do', async () => {
      const headers = { 'content-type': 'application/json' };
      const started = await api.request('api/v1alpha1/server/start', { method: 'POST', headers });
      expect(started.status).toBe(409);
      const changed = await api.request('api/v1alpha1/settings', { method: 'PATCH', headers });
      expect(changed.status).toBe(400);
    });

    it.each([
      ['unknown route', 'GET', 'api/v1alpha1/nothing', undefined, 404],
      ['wrong method', 'DELETE', 'api/v1alpha1/metrics/current', undefined, 404],
      ['a path that cannot be decoded', 'GET', '%zz', undefined, 400],
      ['a body that is no JSON', 'POST', 'api/v1alpha1/server/start', '{', 400],
      ['a traversal', 'GET', '..%2f..%2fetc%2fpasswd', undefined, 404],
    ])('%s', async (_name, method, path, body, status) => {
      const headers: Record<string, string> =
        body === undefined ? {} : { 'content-type': 'application/json' };
      const response = await api.request(path, { method, headers, ...(body === undefined ? {} : { body }) });
      const text = await response.text();
      expect(`${response.status} ${text}`).toMatch(new RegExp(`^${status} `));
      expect(text).not.toMatch(/\.js:\d+|node_modules/);
    });
  });
});

describe('readiness', () => {
  const folder = temporaryFolder();
  let api: ApiProcess | undefined;

  afterEach(async () => {
    await api?.kill();
    folder.remove();
  });

  it('is fine when collection is configured to be off', async () => {
    api = await ApiProcess.start({ VS_METRICS_INTERVAL: '0' }, folder.path);
    expect((await api.request('readyz', {}, null)).status).toBe(200);
    expect(await api.data('metrics/current')).toBeNull();
  });

  it('names no path to those without a key', async () => {
    const data = join(folder.path, 'data');
    mkdirSync(join(data, 'metrics.db'), { recursive: true });
    api = await ApiProcess.start({ VS_METRICS_INTERVAL: '0', VS_DATA_DIR: data }, folder.path);
    const degraded = async (key: string | null) => {
      const response = await api?.request('readyz', {}, key);
      expect(response?.status).toBe(200);
      return ((await response?.json()) as { data: { degraded: string | null } }).data.degraded;
    };
    for (const key of [ADMIN_KEY, MONITOR_KEY]) expect(await degraded(key)).toContain(data);
    for (const key of [null, 'wrong']) {
      expect(await degraded(key)).toBe('Samples are kept in memory alone. A request with a key is told why.');
    }
  });
});
