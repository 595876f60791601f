import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApiProcess } from '../src/testing/api-process.mjs';
import { temporaryFolder } from '../src/testing/temporary-folder.js';

const OURS = 'https://dash.example.org';
const ALSO_OURS = 'http://localhost:5173';
const CURRENT = 'api/v1alpha1/metrics/current';

describe('pages of other origins', () => {
  const folder = temporaryFolder();
  let api: ApiProcess;

  const start = async (origins: string) => {
    api = await ApiProcess.start({ VS_CORS_ORIGINS: origins, VS_DATA_DIR: '' }, folder.path);
  };

  beforeAll(() => start(`${OURS}, ${ALSO_OURS}`));

  afterAll(async () => {
    await api.kill();
    folder.remove();
  });

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

  it('may read the stream, replay included', async () => {
    const answer = await api.request('api/v1alpha1/metrics/stream', {
      headers: { origin: OURS, 'last-event-id': '0' },
      signal: AbortSignal.timeout(60_000),
    });
    expect([answer.status, allowed(answer)]).toEqual([200, OURS]);
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes('event: snapshot')) text += (await reader?.read())?.value ?? '';
    await reader?.cancel();
  });

  it('may not when they are not', async () => {
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
    await api.kill();
    await start('');
    const asked = await preflight(OURS);
    expect([asked.ok, allowed(asked)]).toEqual([false, null]);
    expect(allowed(await api.request(CURRENT, { headers: { origin: OURS } }))).toBeNull();
  });
});
