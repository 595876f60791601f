import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../testing/temporary-folder.js';
import { type Answer, answering, WebhookReceiver } from '../../testing/webhook-receiver.js';
import { postWebhook, type WebhookAnswer } from './webhook-client.js';
import { jsonRequest } from './webhook-request.js';

const receivers: WebhookReceiver[] = [];
afterEach(async () => {
  await Promise.all(receivers.splice(0).map((receiver) => receiver.stop()));
});

async function receiver(answer: Answer, tls?: { key: string; cert: string }): Promise<WebhookReceiver> {
  const started = await WebhookReceiver.start([answer], tls);
  receivers.push(started);
  return started;
}

/** Every result is looked at: the address is in none. */
async function post(address: URL, timeLimitMs?: number): Promise<WebhookAnswer> {
  const answer = await postWebhook(address, jsonRequest({ hello: 'wörld' }), { timeLimitMs });
  expect(JSON.stringify(answer)).not.toMatch(/secret|127\.0\.0\.1|invalid|example/);
  return answer;
}

describe('postWebhook', () => {
  it('sends the body and the headers, once, and knows that it was taken', async () => {
    const target = await receiver(answering(204));
    expect(await post(target.address('/a-secret-path?wait=true'))).toEqual({ kind: 'taken' });
    expect(target.received).toMatchObject([
      {
        url: '/a-secret-path?wait=true',
        body: '{"hello":"wörld"}',
        headers: { 'content-type': 'application/json', 'content-length': '18' },
      },
    ]);
  });

  it('uses name and password of the address', async () => {
    const target = await receiver(answering(200, {}, '{"id":1}'));
    const address = target.address();
    address.username = 'me';
    address.password = 'p%40ss';
    expect(await post(address)).toEqual({ kind: 'taken' });
    expect(target.received[0]?.headers.authorization).toBe(
      `Basic ${Buffer.from('me:p@ss').toString('base64')}`,
    );
  });

  it.each([
    [429, { 'retry-after': '2' }, '', 2000],
    [429, {}, '{"retry_after": 1.337}', 1337],
    [503, { 'retry-after': '60' }, '', 60_000],
    [500, {}, 'x'.repeat(1_000_000), null],
    [408, {}, '', null],
    [302, { location: 'http://example.org/secret' }, '', null],
  ])('is told to come back later by %d', async (status, headers, body, afterMs) => {
    const target = await receiver(answering(status, headers, body));
    expect(await post(target.address())).toEqual({ kind: 'later', why: `it answered ${status}`, afterMs });
  });

  it.each([
    [400, 'is the address for webhooks'],
    [401, 'is complete'],
    [404, 'make a new webhook'],
    [410, 'make a new webhook'],
    [413, 'too long'],
  ])('is refused by %d, and says what to do', async (status, remedy) => {
    const target = await receiver(answering(status, {}, 'Unknown webhook /a-secret-path'));
    const answer = await post(target.address());
    expect(answer).toMatchObject({ kind: 'refused' });
    expect(JSON.stringify(answer)).toContain(remedy);
  });

  it('does not follow a redirect to another host', async () => {
    const other = await receiver(answering(204));
    const target = await receiver(answering(308, { location: other.address('/secret').href }));
    expect(await post(target.address())).toMatchObject({ kind: 'refused' });
    expect(other.received).toEqual([]);
  });

  it('waits for no answer that never comes', async () => {
    const target = await receiver(() => undefined);
    expect(await post(target.address(), 200)).toEqual({
      kind: 'later',
      why: 'no answer within 0.2 s',
      afterMs: null,
    });
  });

  it('reads no body that does not end: after 2xx none at all, else what comes in time', async () => {
    const endless = (status: number): Answer => {
      return (response) => {
        response.writeHead(status, { 'retry-after': '3' });
        const timer = setInterval(() => response.write('drip '), 20);
        response.once('close', () => {
          clearInterval(timer);
        });
      };
    };
    expect(await post((await receiver(endless(200))).address())).toEqual({ kind: 'taken' });
    expect(await post((await receiver(endless(429))).address(), 2000)).toEqual({
      kind: 'later',
      why: 'it answered 429',
      afterMs: 3000,
    });
  });

  it('stops at once when it is told to', async () => {
    const target = await receiver(() => undefined);
    const answer = await postWebhook(target.address(), jsonRequest({}), { signal: AbortSignal.timeout(100) });
    expect(answer).toMatchObject({ kind: 'later' });
  });

  it('tells a refused connection, one that breaks off, what is no HTTP, and a name that is not known', async () => {
    const target = await receiver(answering(204));
    const address = target.address();
    await target.stop();
    expect(await post(address)).toMatchObject({
      kind: 'later',
      why: 'the connection was refused (ECONNREFUSED)',
    });
    const broken = await receiver((response) => response.socket?.destroy());
    expect(await post(broken.address())).toMatchObject({ why: expect.stringContaining('ECONNRESET') });
    const garbage = await receiver((response) => response.socket?.end('a-secret-path\r\n\r\n'));
    expect(await post(garbage.address())).toMatchObject({ why: expect.stringContaining('HPE_') });
    // A resolver that nobody answers takes its time.
    expect(await post(new URL('http://no-such-host.invalid/secret'), 60_000)).toMatchObject({
      kind: 'later',
      why: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/),
    });
  });
});

describe('postWebhook, over TLS', () => {
  let tls: { key: string; cert: string };
  beforeAll(() => {
    const folder = temporaryFolder();
    const [key, cert] = [join(folder.path, 'key.pem'), join(folder.path, 'cert.pem')];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        key,
        '-out',
        cert,
        '-days',
        '2',
        '-subj',
        '/CN=secret',
      ],
      { stdio: 'ignore' },
    );
    tls = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
    folder.remove();
  });

  it('sends nothing to a host that nobody vouches for', async () => {
    const target = await receiver(answering(204), tls);
    expect(await post(target.address())).toEqual({
      kind: 'later',
      why: 'a safe connection could not be made (DEPTH_ZERO_SELF_SIGNED_CERT)',
      afterMs: null,
    });
    expect(target.received).toEqual([]);
  });

  it('tells that the other side speaks no TLS', async () => {
    const target = await receiver(answering(204));
    const address = new URL(target.address().href.replace('http:', 'https:'));
    expect(await post(address)).toMatchObject({
      why: expect.stringMatching(/^a safe connection could not be made/),
    });
  });
});
