import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { EventParser } from '../src/page/client/event-parser.js';
import { ApiProcess } from '../src/testing/api-process.mjs';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { waitFor } from '../src/testing/wait-for.js';
import { valueOf } from './support/metric-value.js';

interface WireEvent {
  timestamp: string;
  kind: string;
  level: string;
  text: string;
  numbers: Record<string, number>;
}

let folder: ReturnType<typeof temporaryFolder>;
let api: ApiProcess | null;

beforeEach(() => {
  folder = temporaryFolder();
  api = null;
});

afterEach(async () => {
  await api?.end();
  await api?.kill();
  folder.remove();
});

async function start(variables: Record<string, string> = {}): Promise<ApiProcess> {
  api = await ApiProcess.start({ VS_METRICS_INTERVAL: '0.1', VS_DATA_DIR: folder.path, ...variables });
  return api;
}

async function events(from: ApiProcess, query = ''): Promise<WireEvent[]> {
  const { events: list, count } = await from.data<{ events: WireEvent[]; count: number }>(`events${query}`);
  expect(count).toBe(list.length);
  return list;
}

/** Oldest first. */
const kindsOf = (list: readonly WireEvent[]) => list.map(({ kind }) => kind).reverse();

async function change(of: ApiProcess, intervalSeconds: number): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ intervalSeconds });
  expect((await of.request('api/v1alpha1/settings', { method: 'PATCH', headers, body })).status).toBe(200);
}

/** Resolves once the stream is open: gives each event of it to `take`, until the app ends, which is `ended`. */
async function follow(from: ApiProcess, take: (event: WireEvent) => void): Promise<{ ended: Promise<void> }> {
  const response = await from.request('api/v1alpha1/metrics/stream');
  return { ended: readEvents(response, take) };
}

async function readEvents(response: Response, take: (event: WireEvent) => void): Promise<void> {
  const parser = new EventParser();
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const piece = await reader?.read().catch(() => undefined);
    if (piece?.value === undefined) return;
    for (const { type, data, id } of parser.push(piece.value)) {
      if (type !== 'event') continue;
      expect(id).toBeNull();
      take(JSON.parse(data) as WireEvent);
    }
  }
}

const game = (script: string) => `${process.execPath} -e "${script}"`;

describe('the timeline', () => {
  it('goes on across runs, and tells the life of the game, of the collection and of the API', async () => {
    // Alerts are told some seconds after what they are about, in this run or in the next.
    const withoutAlerts = (list: readonly WireEvent[]) => list.filter(({ kind }) => !/^alert_/.test(kind));
    const first = await start({ VS_SERVER_COMMAND: game('setTimeout(() => process.exit(3), 500)') });
    const streamed: WireEvent[] = [];
    const stream = await follow(first, (event) => streamed.push(event));
    await first.data('server/start', 'POST');
    await waitFor(async () => kindsOf(await events(first)).includes('game_crashed'));
    await change(first, 0);
    await change(first, 5);
    await change(first, 1);
    const metrics = await (await first.request('metrics')).text();
    expect(valueOf('vintagestory_server_starts_total', metrics)).toBe(1);
    expect(valueOf('vintagestory_server_crashes_total', metrics)).toBe(1);
    expect(valueOf('vintagestory_server_overloads_total', metrics)).toBe(0);
    expect(await first.end()).toBe(0);
    await stream.ended;
    const life = ['game_starting', 'game_crashed'];
    const collection = ['collection_paused', 'collection_resumed', 'collection_interval_changed'];
    expect(withoutAlerts(streamed).map(({ kind }) => kind)).toEqual([...life, ...collection]);

    const second = await start();
    expect(second.said('The previous run of the API has ended properly')).toBe(1);
    const everything = await events(second);
    const all = withoutAlerts(everything);
    expect(kindsOf(all)).toEqual(['api_started', ...life, ...collection, 'api_stopped', 'api_started']);
    expect(everything).toEqual(expect.arrayContaining(streamed));
    expect(all.find(({ kind }) => kind === 'game_crashed')).toEqual({
      timestamp: expect.stringMatching(/Z$/),
      kind: 'game_crashed',
      level: 'error',
      text: 'The game server ended with exit code 3.',
      numbers: { exitCode: 3 },
    });
    const [newest] = all;
    const sinceNewest = withoutAlerts(await events(second, `?from=${newest?.timestamp ?? ''}`));
    expect(sinceNewest).toEqual([newest]);
    const untilNewest = `to=${newest?.timestamp ?? ''}`;
    expect(withoutAlerts(await events(second, `?${untilNewest}`))).toEqual(all.slice(1));
    expect(await events(second, `?${untilNewest}&limit=2`)).toEqual(
      (await events(second, `?${untilNewest}`)).slice(0, 2),
    );
    expect(await events(second, `?to=${all.at(-1)?.timestamp ?? ''}`)).toEqual([]);
    for (const query of [
      'limit=0',
      'limit=1001',
      'limit=1&limit=2',
      'from=x',
      'minutes=3',
      'from=2026-11-25&to=2026-11-24',
    ])
      expect([query, (await second.request(`api/v1alpha1/events?${query}`)).status]).toEqual([query, 400]);

    const csv = await second.request('api/v1alpha1/events/export');
    expect(csv.headers.get('content-disposition')).toMatch(/filename="vintagestory-events_.+\.csv"/);
    const [head, , , crashed] = (await csv.text()).split('\r\n');
    expect(head).toBe('timestamp,kind,level,text,numbers');
    expect(crashed).toMatch(
      /,game_crashed,error,The game server ended with exit code 3\.,"{""exitCode"":3}"$/,
    );
    const json = (await (
      await second.request('api/v1alpha1/events/export?format=json')
    ).json()) as WireEvent[];
    expect(withoutAlerts(json)).toEqual([...all].reverse());
  });

  it('has what the game told until it ended, and the end of the API, also when the game takes long to stop', async () => {
    const script =
      "process.on('SIGTERM', () => setTimeout(() => process.exit(0), 6000)); setInterval(() => {}, 1000)";
    const first = await start({
      VS_SERVER_COMMAND: game(script),
      VS_SERVER_STOP_COMMAND: '',
      VS_SERVER_STOP_TIMEOUT: '30',
    });
    await first.data('server/start', 'POST');
    await delay(500);
    expect(await first.end()).toBe(0);
    expect(first.output).not.toContain('Not all was closed');
    const kinds = kindsOf(await events(await start()));
    expect(kinds.slice(-4)).toEqual(['game_stopping', 'game_stopped', 'api_stopped', 'api_started']);
  });

  it('is that of this run, in memory, where there is no folder', async () => {
    const running = await start({ VS_DATA_DIR: '' });
    await change(running, 0);
    expect(kindsOf(await events(running))).toEqual(['api_started', 'collection_paused']);
    const json = (await (
      await running.request('api/v1alpha1/events/export?format=json')
    ).json()) as WireEvent[];
    expect(json).toMatchObject([{ kind: 'api_started' }, { kind: 'collection_paused' }]);
  });
});
