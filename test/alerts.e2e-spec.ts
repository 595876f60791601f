import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AlertsOverview } from '../src/alerts/alerts-overview.js';
import { ApiProcess, MONITOR_KEY } from '../src/testing/api-process.mjs';
import { describeWith } from '../src/testing/components.js';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { waitFor } from '../src/testing/wait-for.js';
import { answering, WebhookReceiver } from '../src/testing/webhook-receiver.js';
import { FAKETIME, FakeClock, UNFAKED_BURNER } from './support/fake-clock.js';
import { valueOf } from './support/metric-value.js';

const SECRET = 'a-secret-token';
const BURNER = `${process.execPath} -e "setInterval(() => { const end = performance.now() + 20; while (performance.now() < end); }, 40)"`;

interface Message {
  readonly id: string;
  readonly rule: string;
  readonly status: string;
  readonly text: string;
  readonly link: string | null;
  readonly value: number;
  readonly threshold: number;
}

let folder: ReturnType<typeof temporaryFolder>;
let api: ApiProcess | undefined;
const receivers: WebhookReceiver[] = [];

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(async () => {
  await api?.end();
  for (const receiver of receivers.splice(0)) await receiver.stop();
  folder.remove();
});

async function receiver(...answers: Parameters<typeof WebhookReceiver.start>[0]): Promise<WebhookReceiver> {
  const started = await WebhookReceiver.start(answers);
  receivers.push(started);
  return started;
}

async function start(address: URL, variables: Record<string, string>): Promise<ApiProcess> {
  api = await ApiProcess.start(
    {
      VS_METRICS_INTERVAL: '0.2',
      VS_DATA_DIR: folder.path,
      VS_ALERT_FOR: '1',
      VS_ALERT_DISK_FREE_MB: '0',
      VS_ALERT_WEBHOOK: address.href,
      VS_SERVER_STOP_COMMAND: '',
      ...variables,
    },
    folder.path,
  );
  return api;
}

const alerts = (of: ApiProcess) => of.data<AlertsOverview>('alerts');

/** The rules that fire. */
async function firing(of: ApiProcess): Promise<string[]> {
  return (await alerts(of)).rules.filter(({ state }) => state === 'firing').map(({ rule }) => rule);
}

const messagesAt = ({ received }: WebhookReceiver) => received.map(({ body }) => JSON.parse(body) as Message);
const toldAt = (target: WebhookReceiver) => messagesAt(target).map(({ rule, status }) => `${rule} ${status}`);
/** So many have arrived. */
const arrived = (target: WebhookReceiver, count: number) =>
  waitFor(() => target.received.length >= count, `${count} messages`, 60_000);

describe('the alerts', () => {
  it('begin and end once each as a message, in the form of the receiver, and redirects are not followed', async () => {
    const elsewhere = await receiver(answering(204));
    const target = await receiver(
      answering(308, { location: elsewhere.address().href }),
      answering(204),
      answering(500),
      answering(204),
    );
    const app = await start(target.address(`/api/webhooks/123/${SECRET}`), {
      VS_ALERT_CPU_PERCENT: '1',
      VS_SERVER_COMMAND: BURNER,
      VS_SERVER_NAME: 'My <world>',
      VS_PUBLIC_URL: 'https://vs.example.org/',
    });
    expect((await app.request('api/v1alpha1/alerts/test', { method: 'POST' }, MONITOR_KEY)).status).toBe(403);
    expect(await app.data('alerts/test', 'POST')).toEqual({ isQueued: true });
    await waitFor(async () => (await alerts(app)).webhook.problem !== null);
    expect((await alerts(app)).webhook).toEqual({
      isConfigured: true,
      kind: 'discord',
      waiting: 0,
      problem: expect.stringMatching(/^it answered 308: it has moved: set VS_ALERT_WEBHOOK/),
    });

    const startedMs = performance.now();
    const { pid } = await app.data<{ pid: number }>('server/start', 'POST');
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
    await arrived(target, 2);
    // At the earliest.
    expect((target.received[1]?.atMs ?? 0) - startedMs).toBeGreaterThan(1000);
    expect(await firing(app)).toEqual(['cpu']);
    // It has arrived; that it was taken is known a little later.
    await waitFor(async () => (await alerts(app)).webhook.waiting === 0);
    const metrics = await (await app.request('metrics')).text();
    expect(metrics).toContain('\nvintagestory_alerts_firing{rule="cpu"} 1\n');
    expect(valueOf('vintagestory_alert_messages_waiting', metrics)).toBe(0);
    expect(valueOf('vintagestory_alert_messages_given_up_total', metrics)).toBe(1);

    await app.data('server/stop', 'POST');
    await arrived(target, 3);
    await waitFor(async () => (await alerts(app)).webhook.problem === 'it answered 500');
    expect((await alerts(app)).webhook.waiting).toBe(1);
    await arrived(target, 4);
    await waitFor(async () => (await alerts(app)).webhook.waiting === 0);
    expect((await alerts(app)).webhook.problem).toBeNull();
    expect(await firing(app)).toEqual([]);

    const embeds = target.received.map(({ body }) => (JSON.parse(body) as { embeds: object[] }).embeds[0]);
    expect(embeds[1]).toMatchObject({
      title: expect.stringContaining('CPU use is high'),
      url: 'https://vs.example.org/',
    });
    expect(embeds[2]).toMatchObject({ title: expect.stringContaining('Resolved: CPU use is high') });
    expect(embeds[3]).toEqual(embeds[2]);
    expect(elsewhere.received).toEqual([]);

    const { events } = await app.data<{ events: { kind: string; text: string }[] }>('events');
    expect(
      events.filter(({ kind }) => kind.startsWith('alert_')).map(({ text }) => text.replace(/ \(.*/, '')),
    ).toEqual(['Alert over: CPU use is high.', 'Alert: CPU use is high']);
    const open = await Promise.all(
      ['', 'docs-json', 'metrics', 'api/v1alpha1/alerts', 'api/v1alpha1/settings'].map(async (path) =>
        (await app.request(path)).text(),
      ),
    );
    expect(await app.end()).toBe(0);
    const seen = [app.output, environment, readFileSync(join(folder.path, 'alerts.json'), 'utf8'), ...open];
    for (const text of seen) expect(text).not.toMatch(new RegExp(`${SECRET}|ALERT_WEBHOOK=`));
    expect(environment).toContain('VS_ALERT_CPU_PERCENT=1');
  });

  it('outlast a stop and a kill: no second message, and none is lost, nor an end', async () => {
    const target = await receiver(() => undefined, answering(429, { 'retry-after': '6' }), answering(204));
    const full = { VS_ALERT_DISK_FREE_MB: '1000000000' };
    const first = await start(target.address(`/${SECRET}`), full);
    await arrived(target, 1);
    // It never answers, and that holds nobody up for long.
    expect(await first.end()).toBe(0);
    expect(first.said('Alert messages that were not sent: 1; they are sent after the next start')).toBe(1);
    expect(first.said('Not all was closed')).toBe(0);

    const second = await start(target.address(`/${SECRET}`), {
      ...full,
      VS_SERVER_COMMAND: 'sleep 300',
      VS_SERVER_RESTART: 'on-crash',
    });
    await arrived(target, 3);
    const [, again, taken] = target.received;
    expect((taken?.atMs ?? 0) - (again?.atMs ?? 0)).toBeGreaterThan(5900);
    await waitFor(async () => (await alerts(second)).webhook.waiting === 0);
    const { pid } = await second.data<{ pid: number }>('server/start', 'POST');
    process.kill(pid, 'SIGKILL');
    await arrived(target, 4);
    expect(messagesAt(target)[3]?.text).toMatch(/SIGKILL, .*\. It is started again in 10 s\.$/);
    await waitFor(async () => (await alerts(second)).webhook.waiting === 0);
    expect(await firing(second)).toEqual(['game', 'disk']);
    await second.kill();

    const third = await start(target.address(`/${SECRET}`), {
      VS_SERVER_COMMAND: 'sleep 300',
      VS_SERVER_AUTOSTART: 'true',
    });
    await arrived(target, 6);
    await waitFor(async () => (await firing(third)).length === 0);
    expect(toldAt(target).slice(0, 4)).toEqual(['disk firing', 'disk firing', 'disk firing', 'game firing']);
    expect(toldAt(target).slice(4).sort()).toEqual(['disk resolved', 'game resolved']);
    const [once, ...repeats] = messagesAt(target).slice(0, 3);
    for (const repeat of repeats) expect(repeat).toEqual(once);
    expect(once).toMatchObject({ link: null, threshold: 1_000_000_000, value: expect.any(Number) });
    for (const { output } of [first, second, third]) expect(output).not.toContain(SECRET);
  });
});

describeWith('libfaketime', FAKETIME)('the alerts, when the clock is set an hour forward and back', () => {
  it('begin and end once, and not before their time', async () => {
    const target = await receiver(answering(500), answering(204));
    const clock = new FakeClock(folder.path);
    const app = await start(target.address(), {
      ...clock.variables,
      VS_ALERT_FOR: '3',
      VS_ALERT_CPU_PERCENT: '1',
      VS_SERVER_COMMAND: UNFAKED_BURNER,
    });
    const state = async () => (await alerts(app)).rules.find(({ rule }) => rule === 'cpu')?.state;
    const startedMs = performance.now();
    await app.data('server/start', 'POST');
    await waitFor(async () => (await state()) !== 'ok');
    clock.set('-3600');
    await arrived(target, 1);
    // It is tried again after a pause.
    clock.set('+3600');
    await arrived(target, 2);
    const stoppedMs = performance.now();
    await app.data('server/stop', 'POST');
    await waitFor(async () => (await app.data<{ state: string }>('server/status')).state === 'stopped');
    clock.set('-3600');
    await arrived(target, 3);
    expect(await state()).toBe('ok');
    expect(toldAt(target)).toEqual(['cpu firing', 'cpu firing', 'cpu resolved']);
    const [first = 0, second = 0, third = 0] = target.received.map(({ atMs }) => atMs);
    expect(first - startedMs).toBeGreaterThan(3000);
    expect(second - first).toBeGreaterThan(4900);
    expect(third - stoppedMs).toBeGreaterThan(3000);
  });
});
