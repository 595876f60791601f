import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { waitFor } from '../testing/wait-for.js';
import { HttpAdapter } from './http-adapter.js';

describe('the HTTP server', () => {
  let adapter: HttpAdapter;
  let server: Server;

  beforeEach(async () => {
    adapter = new HttpAdapter();
    const http = adapter.getInstance();
    http.post('/', (_request, reply) => reply.send('taken'));
    http.get('/never', () => new Promise(() => undefined));
    await http.listen({ port: 0, host: '127.0.0.1' });
    ({ server } = http);
  });

  afterEach(async () => {
    await adapter.getInstance().close();
  });

  /** Sends a request, and then a byte now and again; gives what came back until the connection was closed. */
  async function drip(request: string): Promise<string> {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const dripping = setInterval(() => socket.write('x'), 50);
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.on('error', () => undefined);
    socket.write(request);
    await once(socket, 'close');
    clearInterval(dripping);
    return text;
  }

  it('gives a request half a minute to come, headers and body, however it drips', async () => {
    expect([server.requestTimeout, server.headersTimeout]).toEqual([30_000, 30_000]);
    server.requestTimeout = server.headersTimeout = 200;
    const head = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n';
    const answers = await Promise.all([
      drip(`${head}Content-Length: 60000\r\n\r\n`),
      drip(`${head}X: `),
      drip(`GET /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n`),
    ]);
    expect(answers.map((answer) => answer.slice(9, 12))).toEqual(['408', '408', '404']);
  });

  it('closes a connection on which nothing moves', async () => {
    expect(server.timeout).toBe(120_000);
    server.setTimeout(200);
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('GET /never HTTP/1.1\r\nHost: x\r\n\r\n');
    await waitFor(() => socket.closed);
  });
});
