import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { ADMIN_KEY, ApiProcess, MONITOR_KEY } from '../../src/testing/api-process.mjs';
import { temporaryFolder } from '../../src/testing/temporary-folder.js';
import { waitFor } from '../../src/testing/wait-for.js';

const DOCS_SCRIPT = '/docs/swagger-ui-bundle.js';
const SETTINGS = '/api/v1alpha1/settings';

describe('clients that mean no good, and have no key', () => {
  const folder = temporaryFolder();
  const sockets: Socket[] = [];
  let api: ApiProcess;

  beforeAll(async () => {
    api = await ApiProcess.start({ VS_METRICS_INTERVAL: '0.2', VS_DATA_DIR: '' }, folder.path);
  });

  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await api.kill();
    folder.remove();
  });

  /** A connection from `address`; what comes is kept as Latin-1. */
  async function open(address = '127.0.0.1'): Promise<{ socket: Socket; text: () => string }> {
    const { hostname, port } = new URL(api.url);
    const socket = connect({ host: hostname, port: Number(port), localAddress: address });
    sockets.push(socket);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return { socket, text: () => Buffer.concat(chunks).toString('latin1') };
  }

  /** What comes back for bytes as they are, once the API has closed the connection. */
  async function answerTo(bytes: string | Buffer, address?: string): Promise<string> {
    const { socket, text } = await open(address);
    socket.write(bytes);
    await once(socket, 'close');
    return text();
  }

  const openDescriptors = () => readdirSync(`/proc/${api.child.pid ?? ''}/fd`).length;
  const lines = () => api.output.split('\n').length;

  const onLinux = existsSync('/proc/self/fd') ? it : it.skip;

  onLinux('open no file, however many large answers they ask for and do not read', async () => {
    const before = openDescriptors();
    const clients = await Promise.all(Array.from({ length: 10 }, () => open()));
    for (const { socket } of clients) {
      socket.pause();
      socket.write(`GET ${DOCS_SCRIPT} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(100));
    }
    await api.request('healthz', {}, null);
    for (const { socket } of clients) socket.destroy();
    await waitFor(() => openDescriptors() < before + 10);
  });

  it('get their answers in order, one after the other, when they send many requests at once', async () => {
    const { socket, text } = await open();
    const paths = Array.from({ length: 100 }, (_, i) => (i % 3 === 0 ? `/nothing-${i}` : '/icon.svg'));
    socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''));
    await waitFor(() => text().match(/HTTP\/1\.1 /g)?.length === 100 && text().includes('nothing-99'));
    expect(text().match(/nothing-\d+/g)).toEqual(
      paths.filter((path) => path !== '/icon.svg').map((path) => path.slice(1)),
    );
    expect(text().match(/HTTP\/1\.1 200/g)).toHaveLength(66);
  });

  it('are cut off when they send more at once than anybody needs, and the others are served', async () => {
    const flood = await open();
    flood.socket.pause();
    flood.socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(1000));
    const closed = once(flood.socket.resume(), 'close');
    expect((await api.request('healthz', {}, null)).status).toBe(200);
    await closed;
    expect(flood.text().match(/HTTP\/1\.1 200/g)?.length ?? 0).toBeLessThan(200);
  });

  it('have nothing done for requests whose turn never comes', async () => {
    const interval = async () =>
      (await api.data<{ intervalSeconds: { value: number } }>('settings')).intervalSeconds.value;
    const { socket, text } = await open();
    const key = `Host: x\r\nX-API-Key: ${ADMIN_KEY}\r\n`;
    const body = '{"intervalSeconds":0.3}';
    socket.write(
      `GET /api/v1alpha1/metrics/stream HTTP/1.1\r\n${key}\r\n` +
        `PATCH ${SETTINGS} HTTP/1.1\r\n${key}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await waitFor(() => text().includes('event: snapshot'));
    expect(await interval()).toBe(0.2);
    socket.destroy();
    await api.request('healthz', {}, null);
    expect(await interval()).toBe(0.2);
  });

  describe('requests that are no good', () => {
    const headed = (method: string, path: string, headers: string[], body: string | Buffer = '') =>
      Buffer.concat([
        Buffer.from(
          [
            `${method} ${path} HTTP/1.1`,
            'Host: x',
            `X-API-Key: ${ADMIN_KEY}`,
            'Connection: close',
            ...headers,
            `Content-Length: ${body.length}`,
            '',
            '',
          ].join('\r\n'),
          'latin1',
        ),
        Buffer.from(body),
      ]);
    const patch = (headers: string[], body: string | Buffer) => headed('PATCH', SETTINGS, headers, body);
    const JSON_TYPE = 'Content-Type: application/json';

    it.each<[string, Buffer | string, number]>([
      ['an encoding that is not known', patch([JSON_TYPE, 'Content-Encoding: foo'], '{}'), 415],
      ['one on a request without a body', headed('GET', '/healthz', ['Content-Encoding: foo']), 415],
      [
        'one without a key',
        'GET /docs HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Encoding: foo\r\n\r\n',
        415,
      ],
      ['two encodings', patch([JSON_TYPE, 'Content-Encoding: gzip, br'], '{}'), 415],
      ['a body that is not the gzip it claims', patch([JSON_TYPE, 'Content-Encoding: gzip'], '{}'), 400],
      ['half a gzip', patch([JSON_TYPE, 'Content-Encoding: gzip'], gzipSync('{}').subarray(0, 15)), 400],
      ['a body that is not the brotli it claims', patch([JSON_TYPE, 'Content-Encoding: br'], '{"a":1}'), 400],
      [
        'a body that is not the deflate it claims',
        patch([JSON_TYPE, 'Content-Encoding: deflate'], '{"a":1}'),
        400,
      ],
      ['a bomb', patch([JSON_TYPE, 'Content-Encoding: gzip'], gzipSync(Buffer.alloc(10_000_000))), 413],
      [
        // Announced only: who goes on to send it may find the connection closed before he reads the answer.
        'a body of 2 MB',
        `PATCH ${SETTINGS} HTTP/1.1\r\nHost: x\r\nX-API-Key: ${ADMIN_KEY}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 2000000\r\n\r\n`,
        413,
      ],
      ['a type of body that is not taken', patch(['Content-Type: text/csv'], 'a'), 415],
      ['a type that is none', patch(['Content-Type: \u00e9;;;'], 'a'), 415],
      ['a body of no type', patch([], '{}'), 415],
      ['a body that is no JSON', patch([JSON_TYPE], '{"intervalSeconds":'), 400],
      ['a null byte', patch([JSON_TYPE], '\0'), 400],
      ['deep JSON', patch([JSON_TYPE], '['.repeat(30_000)), 400],
      ['deep JSON that ends', patch([JSON_TYPE], `${'['.repeat(30_000)}${']'.repeat(30_000)}`), 400],
      ['not UTF-8', patch([JSON_TYPE], Buffer.from([0x7b, 0xff, 0xfe])), 400],
      ['a list', patch([JSON_TYPE], '[]'), 400],
      ['null', patch([JSON_TYPE], 'null'), 400],
      ['a huge number', patch([JSON_TYPE], '{"intervalSeconds":1e999}'), 400],
      ['a prototype', patch([JSON_TYPE], '{"__proto__":{"a":1}}'), 400],
      ['a prototype, escaped', patch([JSON_TYPE], '{"\\u005f_proto__":1}'), 400],
      ['a constructor', patch([JSON_TYPE], '{"intervalSeconds":1,"constructor":1}'), 400],
      ['a constructor with a prototype', patch([JSON_TYPE], '{"constructor":{"prototype":{}}}'), 400],
      [
        'a form with a prototype',
        patch(['Content-Type: application/x-www-form-urlencoded'], '__proto__=1'),
        400,
      ],
      ['a form', patch(['Content-Type: application/x-www-form-urlencoded'], 'constructor=1'), 400],
      ['a path that cannot be decoded', headed('GET', '/%zz', []), 400],
      ['a null byte in the path', headed('GET', '/%00', []), 404],
      ['a path with no slash', headed('GET', 'healthz', []), 400],
      ['an asterisk', headed('OPTIONS', '*', []), 404],
      ['an absolute address', headed('GET', 'http://x/nothing', []), 404],
      ['a long path', headed('GET', `/${'a'.repeat(10_000)}`, []), 404],
      ['a method that no route has', headed('PROPFIND', '/healthz', []), 404],
      ['a TRACE', headed('TRACE', '/healthz', []), 404],
      ['a method that does not exist', 'FOO / HTTP/1.1\r\nHost: x\r\n\r\n', 400],
      ['no HTTP', '\x16\x03\x01\x02\0\x01', 400],
      ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
      ['a version that does not exist', 'GET / HTTP/9.9\r\n\r\n', 400],
      ['no Host', 'GET /nothing HTTP/1.1\r\n\r\n', 400],
      ['HTTP/1.0', 'GET /nothing HTTP/1.0\r\n\r\n', 404],
      ['too large a header', headed('GET', '/nothing', [`X: ${'a'.repeat(20_000)}`]), 431],
      ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 400],
      [
        'a length and chunks',
        'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
        400,
      ],
      [
        'a bad chunk',
        `PATCH ${SETTINGS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
        400,
      ],
      ['an expectation', headed('GET', '/nothing', ['Expect: the-impossible']), 417],
      ['an upgrade', headed('GET', '/nothing', ['Connection: upgrade', 'Upgrade: websocket']), 404],
      ['a range', headed('GET', '/nothing', ['Range: bytes=5-1']), 404],
      [
        'an encoding that nobody can read',
        headed('GET', '/nothing', ['Accept-Encoding: \u00e9;q=zz,,,']),
        404,
      ],
    ])('%s: an answer, and not a word in the log', async (_name, bytes, status) => {
      const before = lines();
      const answer = await answerTo(bytes);
      expect(answer.slice(0, 12)).toBe(`HTTP/1.1 ${status}`);
      expect(answer).not.toMatch(/\.js:\d+|node_modules/);
      await api.request('healthz', {}, null);
      expect(api.output.split('\n').slice(before - 1)).toEqual(['']);
    });

    it('are those that break off in the middle of a body as well', async () => {
      const before = lines();
      const { socket } = await open();
      socket.write(patch([JSON_TYPE], 'x'.repeat(1000)).subarray(0, -500));
      await new Promise((done) => setTimeout(done, 100));
      socket.destroy();
      await api.request('healthz', {}, null);
      expect(lines()).toBe(before);
    });

    it('take a body that is the gzip it claims', async () => {
      const answer = await answerTo(
        patch([JSON_TYPE, 'Content-Encoding: gzip'], gzipSync('{"intervalSeconds":0.2}')),
      );
      expect(answer.slice(0, 12)).toBe('HTTP/1.1 200');
    });

    it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', 'prototype', '%5f_proto__'])(
      '?%s=1 is a parameter that is not known',
      async (name) => {
        for (const query of [`${name}=1`, `${name}=1&${name}=2`, `minutes=1&${name}`]) {
          const response = await api.request(`api/v1alpha1/metrics/history?${query}`);
          expect(response.status).toBe(400);
          const { message } = (await response.json()) as { message: string[] };
          expect(message).toEqual([`Unrecognized key: "${decodeURIComponent(name)}"`]);
        }
      },
    );
  });

  describe('keys that are guessed', () => {
    const ask = (address: string, key: string, path = '/api/v1alpha1/metrics/info') =>
      answerTo(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-API-Key: ${key}\r\n\r\n`, address);
    const status = async (...asked: Parameters<typeof ask>) => Number((await ask(...asked)).slice(9, 12));

    it('are answered 429 after ten wrong ones, which no right one is, nor another address', async () => {
      for (let i = 0; i < 10; i++) expect(await status('127.0.0.2', `wrong-${i}`)).toBe(401);
      const refused = await ask('127.0.0.2', 'wrong-10');
      expect(refused.slice(9, 12)).toBe('429');
      const seconds = Number(/\r\nretry-after: (\d+)\r\n/i.exec(refused)?.[1]);
      expect(seconds).toBeGreaterThan(0);
      expect(seconds).toBeLessThanOrEqual(60);
      expect(JSON.parse(refused.split('\r\n\r\n')[1] ?? '')).toMatchObject({ statusCode: 429 });
      expect(refused).not.toContain('wrong-10');

      expect(await status('127.0.0.2', ADMIN_KEY)).toBe(200);
      expect(await status('127.0.0.2', MONITOR_KEY)).toBe(403);
      expect(await status('127.0.0.2', '')).toBe(401);
      for (const path of ['/healthz', '/readyz', '/']) {
        expect([path, await status('127.0.0.2', 'wrong', path)]).toEqual([path, 200]);
      }
      expect(await status('127.0.0.3', 'wrong')).toBe(401);
    });

    it('are not those that come with no key, nor right ones', async () => {
      for (let i = 0; i < 15; i++) {
        expect(await status('127.0.0.4', '')).toBe(401);
        expect(await status('127.0.0.4', MONITOR_KEY)).toBe(403);
      }
      expect(await status('127.0.0.4', 'wrong')).toBe(401);
    });
  });

  it('find nothing in a cache that was answered to a key', async () => {
    for (const path of [
      'api/v1alpha1/metrics/info',
      'api/v1alpha1/server/status',
      'nothing',
      'healthz',
      'docs-json',
      '%zz',
    ]) {
      const { headers } = await api.request(path);
      expect([path, headers.get('cache-control')]).toEqual([path, 'no-store']);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    }
    const { headers } = await api.request('api/v1alpha1/metrics/info', {}, 'wrong');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  describe('files of the page', () => {
    const get = async (path: string, headers: string[] = [], method = 'GET') => {
      const answer = await answerTo(
        [`${method} ${path} HTTP/1.1`, 'Host: x', 'Connection: close', ...headers, '', ''].join('\r\n'),
      );
      const [head = '', ...body] = answer.split('\r\n\r\n');
      return {
        status: Number(head.slice(9, 12)),
        header: (name: string) => new RegExp(`\r\n${name}: (.*)`, 'i').exec(head)?.[1],
        body: Buffer.from(body.join('\r\n\r\n'), 'latin1'),
      };
    };

    it('are the same however they are compressed, under one ETag', async () => {
      for (const path of [DOCS_SCRIPT, '/main.js', '/', '/page.css', '/docs', '/icon.svg']) {
        const plain = await get(path);
        expect([path, plain.status, plain.header('content-encoding')]).toEqual([path, 200, undefined]);
        expect(plain.header('cache-control')).toBe('public, max-age=0');
        expect(Number(plain.header('content-length'))).toBe(plain.body.length);
        const isSmall = plain.body.length < 1024;
        for (const [accepted, encoding, expand] of [
          ['gzip, deflate, br', 'br', brotliDecompressSync],
          ['gzip', 'gzip', gunzipSync],
          ['br;q=0, identity', undefined, (bytes: Buffer) => bytes],
        ] as const) {
          const sent = await get(path, [`Accept-Encoding: ${accepted}`]);
          expect(sent.header('content-encoding')).toBe(isSmall ? undefined : encoding);
          expect((isSmall ? sent.body : expand(sent.body)).equals(plain.body)).toBe(true);
          expect(sent.header('etag')).toBe(plain.header('etag'));
          expect(sent.header('vary')).toMatch(/accept-encoding/i);
        }
        const etag = plain.header('etag') ?? '';
        for (const tags of [etag, `"other", ${etag}`, '*']) {
          const known = await get(path, [`If-None-Match: ${tags}`]);
          expect([known.status, known.body.length, known.header('etag')]).toEqual([304, 0, etag]);
        }
        expect((await get(path, ['If-None-Match: "other"'])).status).toBe(200);
        const head = await get(path, [], 'HEAD');
        expect([head.status, head.body.length]).toEqual([200, 0]);
        expect(head.header('content-length')).toBe(plain.header('content-length'));
      }
    });

    it('are those that the page needs, and no others', async () => {
      for (const path of [
        '/main.d.ts',
        '/main.js.map',
        '/tsconfig.json',
        '/uplot/package.json',
        '/docs/index.html',
        '/docs/swagger-ui.js',
      ]) {
        expect([path, (await get(path)).status]).toEqual([path, 404]);
      }
    });
  });
});
