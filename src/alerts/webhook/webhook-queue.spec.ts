import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { temporaryFolder } from '../../testing/temporary-folder.js';
import { waitFor } from '../../testing/wait-for.js';
import { type Answer, answering, WebhookReceiver } from '../../testing/webhook-receiver.js';
import { type AlertMessage } from '../alert-message.js';
import { AlertStore } from '../alert-store.js';
import { postWebhook } from './webhook-client.js';
import { receiverKind, webhookRequest } from './webhook-format.js';
import { type QueueTimes, type SendMessage, WebhookQueue } from './webhook-queue.js';

const HOUR_MS = 3600_000;
let folder: ReturnType<typeof temporaryFolder>;
let log: string[];
const opened: { queue?: WebhookQueue; receiver?: WebhookReceiver }[] = [];

beforeEach(() => {
  folder = temporaryFolder();
  log = [];
  for (const level of ['log', 'warn', 'error'] as const) {
    jest.spyOn(Logger.prototype, level).mockImplementation((text: string) => {
      log.push(`${level}: ${text}`);
    });
  }
});
afterEach(async () => {
  for (const { queue, receiver } of opened.splice(0)) {
    await queue?.close();
    await receiver?.stop();
  }
  expect(log.join('\n')).not.toContain('secret');
  jest.restoreAllMocks();
  folder.remove();
});

const file = () => join(folder.path, 'alerts.json');
const waiting = () => (JSON.parse(readFileSync(file(), 'utf8')) as { waiting: AlertMessage[] }).waiting;

function message(id: string, timestamp = new Date()): AlertMessage {
  const at = timestamp.toISOString();
  return {
    id,
    server: 'My world',
    rule: 'memory',
    status: 'firing',
    level: 'warning',
    what: `alert ${id}`,
    text: '',
    measure: null,
    since: at,
    timestamp: at,
    count: 1,
    link: null,
  };
}

async function receiver(...answers: Answer[]): Promise<WebhookReceiver> {
  const started = await WebhookReceiver.start(answers);
  opened.push({ receiver: started });
  return started;
}

/** A queue as a fresh start of the API makes it; `target` is a receiver, or what stands in for one. */
function queueTo(target: WebhookReceiver | SendMessage, times: Partial<QueueTimes> = {}): WebhookQueue {
  const send: SendMessage =
    typeof target === 'function'
      ? target
      : (each, signal) => {
          const address = target.address();
          return postWebhook(address, webhookRequest(receiverKind(address), each), { signal });
        };
  const queue = new WebhookQueue(new AlertStore(folder.path), send, {
    firstPauseMs: 10,
    closeMs: 300,
    ...times,
  });
  opened.push({ queue });
  return queue;
}

const idsAt = ({ received }: WebhookReceiver) =>
  received.map(({ body }) => (JSON.parse(body) as { id: string }).id);

describe('WebhookQueue', () => {
  it('sends in order, each once, and keeps none that was taken', async () => {
    const target = await receiver(answering(204));
    const queue = queueTo(target);
    queue.add([message('1'), message('2')]);
    queue.add([message('3')]);
    await waitFor(() => queue.length === 0);
    expect(idsAt(target)).toEqual(['1', '2', '3']);
    expect(waiting()).toEqual([]);
    queueTo(target).start();
    await delay(100);
    expect(idsAt(target)).toHaveLength(3);
    expect(log).toEqual([]);
  });

  it('has removed one on the disk before the next is sent', async () => {
    const seen: string[][] = [];
    const target = await receiver((response) => {
      seen.push(waiting().map(({ id }) => id));
      response.writeHead(204).end();
    });
    const queue = queueTo(target);
    queue.add([message('1'), message('2'), message('3')]);
    await waitFor(() => queue.length === 0);
    expect(seen).toEqual([['1', '2', '3'], ['2', '3'], ['3']]);
  });

  it('tries one again until it is taken, with others behind it, and says so twice', async () => {
    const target = await receiver(answering(500), answering(503), answering(408), answering(204));
    const queue = queueTo(target);
    queue.add([message('1'), message('2')]);
    await waitFor(() => queue.length === 0);
    expect(idsAt(target)).toEqual(['1', '1', '1', '1', '2']);
    const [, second = 0, third = 0, fourth = 0] = target.received.map(({ atMs }) => atMs);
    expect(fourth - third).toBeGreaterThan(35);
    expect(third - second).toBeGreaterThan(15);
    expect(log).toEqual([
      expect.stringMatching(/^warn: The alert webhook did not take a message: it answered 500\. .* 24 h/),
      'log: The alert webhook takes messages again.',
    ]);
  });

  it.each<[string, Answer]>([
    ['Retry-After in seconds', answering(429, { 'retry-after': '1' })],
    [
      'Retry-After as a date',
      (response) => {
        const date = new Date(Math.ceil(Date.now() / 1000) * 1000);
        const after = new Date(date.getTime() + 1000);
        response.writeHead(429, { date: date.toUTCString(), 'retry-after': after.toUTCString() }).end();
      },
    ],
    ['retry_after of Discord', answering(429, {}, '{"retry_after": 1.0}')],
  ])('waits as long as %s says', async (_what, answer) => {
    const target = await receiver(answer, answering(204));
    const queue = queueTo(target);
    queue.add([message('1')]);
    await waitFor(() => queue.length === 0);
    const [first = 0, second = 0] = target.received.map(({ atMs }) => atMs);
    // Timers of Node may come a millisecond early.
    expect(second - first).toBeGreaterThanOrEqual(999);
  });

  it('gives up what is refused, with the remedy, and goes on', async () => {
    const target = await receiver(answering(404, {}, 'secret'), answering(204));
    const queue = queueTo(target);
    queue.add([message('1'), message('2')]);
    await waitFor(() => queue.length === 0);
    expect(idsAt(target)).toEqual(['1', '2']);
    expect(log).toEqual([
      'error: An alert message (My world: alert 1) was refused and is given up: it answered 404: ' +
        'it is not there (any more): make a new webhook, and set VS_ALERT_WEBHOOK.',
    ]);
  });

  it('gives up what was not taken for its whole life, and goes on to the next', async () => {
    const target = await receiver(answering(500));
    const queue = queueTo(target, { lifetimeMs: 1500, longestPauseMs: 20 });
    queue.add([message('1')]);
    await waitFor(() => queue.length === 0);
    expect(target.received.length).toBeGreaterThan(5);
    expect(log.at(-1)).toContain('was not taken for too long and is given up: it answered 500');
  });

  it('gives up at once what may be sent only after its life', async () => {
    const target = await receiver(answering(429, { 'retry-after': '999999999' }), answering(204));
    const queue = queueTo(target);
    queue.add([message('1'), message('2')]);
    await waitFor(() => queue.length === 0);
    expect(idsAt(target)).toEqual(['1', '2']);
  });

  it('sends after a restart what was not taken before it, in order and before what is new', async () => {
    const dead = queueTo(() => new Promise(() => undefined));
    dead.add([message('1'), message('2')]);
    const target = await receiver(answering(204));
    const queue = queueTo(target);
    queue.start();
    queue.add([message('3')]);
    await waitFor(() => queue.length === 0);
    expect(idsAt(target)).toEqual(['1', '2', '3']);
  });

  it.each([
    ['far in the future', new Date(Date.now() + 1000 * HOUR_MS)],
    ['years ago', new Date(0)],
  ])(
    'tries one whose time is %s, which a clock that was set makes of it, once at least',
    async (_when, at) => {
      const dead = queueTo(() => new Promise(() => undefined));
      dead.add([message('1', at)]);
      const target = await receiver(answering(204));
      const queue = queueTo(target);
      queue.start();
      await waitFor(() => queue.length === 0);
      expect(idsAt(target)).toEqual(['1']);
    },
  );

  it('counts the time between two runs: one that failed all day is not tried for another', async () => {
    const dead = queueTo(() => new Promise(() => undefined));
    dead.add([message('1', new Date(Date.now() - 25 * HOUR_MS))]);
    const target = await receiver(answering(500));
    const queue = queueTo(target);
    queue.start();
    await waitFor(() => queue.length === 0);
    expect(target.received).toHaveLength(1);
  });

  it('holds so many and no more; the oldest goes first', async () => {
    const answers: (() => void)[] = [];
    const sent: string[] = [];
    const queue = queueTo((each) => {
      sent.push(each.id);
      return new Promise((done) => {
        answers.push(() => {
          done({ kind: 'taken' });
        });
      });
    });
    queue.add([message('0')]);
    for (let i = 1; i < 1000; i += 333)
      queue.add(Array.from({ length: 333 }, (_, at) => message(String(i + at))));
    expect(queue.length).toBe(200);
    expect(statSync(file()).size).toBeLessThan(100_000);
    expect(log.filter((line) => line.includes('thrown away'))).toHaveLength(1);
    answers[0]?.();
    await waitFor(() => sent.length === 2);
    expect(sent).toEqual(['0', '800']);
  });

  it('at a shutdown sends what can be sent, and waits for no receiver that fails', async () => {
    const target = await receiver((response) => setTimeout(() => response.writeHead(204).end(), 20));
    const queue = queueTo(target, { closeMs: 20_000 });
    queue.add([message('1'), message('2'), message('3')]);
    await queue.close();
    expect(idsAt(target)).toEqual(['1', '2', '3']);

    const failing = queueTo(await receiver(answering(500)), { firstPauseMs: 60_000, closeMs: 20_000 });
    failing.add([message('4')]);
    await waitFor(() => log.some((line) => line.includes('did not take')));
    await failing.close();
    expect(waiting().map(({ id }) => id)).toEqual(['4']);
    expect(log.at(-1)).toBe(
      'warn: Alert messages that were not sent: 1; they are sent after the next start.',
    );
  });

  it('at a shutdown waits a bounded time for one that does not answer, and keeps it', async () => {
    const target = await receiver(() => undefined);
    const queue = queueTo(target, { closeMs: 100 });
    queue.add([message('1'), message('2')]);
    await waitFor(() => target.received.length === 1);
    const began = performance.now();
    await queue.close();
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(waiting().map(({ id }) => id)).toEqual(['1', '2']);
    queue.add([message('3')]);
    expect(waiting().map(({ id }) => id)).toEqual(['1', '2', '3']);
    await delay(50);
    expect(target.received).toHaveLength(1);
  });
});

describe('AlertStore', () => {
  const rules = {
    firing: { memory: { since: '2026-01-01T00:00:00Z', toldAt: '2026-01-01T00:00:00Z' } },
    down: null,
  };

  it('keeps messages and the state of the rules in one step', () => {
    const queue = queueTo(() => new Promise(() => undefined));
    queue.add([message('1')], rules);
    expect(new AlertStore(folder.path).current).toMatchObject({ rules, waiting: [{ id: '1' }] });
    queue.add([message('2')]);
    expect(new AlertStore(folder.path).current).toMatchObject({ rules, waiting: [{ id: '1' }, { id: '2' }] });
  });

  it('knows one that was settled also when it was killed before the file without it was written', () => {
    const queue = queueTo(() => new Promise(() => undefined));
    queue.add([message('1'), message('2')], rules);
    writeFileSync(join(folder.path, 'alerts.settled'), '1\n');
    const store = new AlertStore(folder.path);
    expect(store.current.waiting.map(({ id }) => id)).toEqual(['2']);
    store.settle('2');
    expect(waiting()).toEqual([]);
    expect(existsSync(join(folder.path, 'alerts.settled'))).toBe(false);
  });

  it.each(['', '{"rules":null,"waiting":[{}]}', '[]', '{"waiting":[]', '\0\0\0\0'])(
    'sets a damaged file aside, with a line in the log: %j',
    (text) => {
      writeFileSync(file(), text);
      expect(new AlertStore(folder.path).current).toEqual({ rules: null, waiting: [] });
      expect(existsSync(file())).toBe(false);
      expect(readdirSync(folder.path).filter((name) => name.startsWith('alerts.json.corrupt-'))).toHaveLength(
        1,
      );
      expect(log).toEqual([
        expect.stringMatching(/^warn: .*alerts\.json is corrupt; it is now .*\.corrupt-/),
      ]);
    },
  );

  it('sends also what it cannot keep, and says so once', async () => {
    const target = await receiver(answering(204));
    // Not for root either: a folder stands where the new file would be written.
    mkdirSync(join(folder.path, 'alerts.json.new', 'x'), { recursive: true });
    const queue = queueTo(target);
    queue.add([message('1'), message('2')]);
    await waitFor(() => queue.length === 0);
    expect(idsAt(target)).toEqual(['1', '2']);
    expect(log).toEqual([expect.stringMatching(/^warn: Alerts cannot be kept in VS_DATA_DIR: /)]);
    rmSync(join(folder.path, 'alerts.json.new'), { recursive: true });
    queue.add([message('3')]);
    await waitFor(() => queue.length === 0);
    expect(log.at(-1)).toBe('log: Alerts are kept in VS_DATA_DIR again');
  });

  it('keeps nothing without a folder', async () => {
    const target = await receiver(answering(204));
    const store = new AlertStore('');
    const queue = new WebhookQueue(store, (each) =>
      postWebhook(target.address(), webhookRequest('json', each)),
    );
    queue.add([message('1')]);
    await waitFor(() => queue.length === 0);
    expect(store.isLasting).toBe(false);
    expect(readdirSync(folder.path)).toEqual([]);
  });
});
