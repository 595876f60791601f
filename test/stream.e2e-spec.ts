import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EventParser, type StreamEvent } from '../src/page/client/event-parser.js';
import { ApiProcess, MONITOR_KEY } from '../src/testing/api-process.mjs';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { waitFor } from '../src/testing/wait-for.js';

const STREAM = 'api/v1alpha1/metrics/stream';

describe('the stream of snapshots', () => {
  const folder = temporaryFolder();
  let api: ApiProcess;

  beforeAll(async () => {
    api = await ApiProcess.start({ VS_METRICS_INTERVAL: '0.1', VS_METRICS_CAPACITY: '50' }, folder.path);
  });

  afterAll(async () => {
    await api.kill();
    folder.remove();
  });

  /** Reads `count` events of a stream that is then closed. */
  async function events(count: number, headers: Record<string, string> = {}): Promise<StreamEvent[]> {
    const closing = new AbortController();
    const response = await api.request(STREAM, { headers, signal: closing.signal });
    expect(response.status).toBe(200);
    const parser = new EventParser();
    const seen: StreamEvent[] = [];
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    while (reader !== undefined && seen.length < count) {
      const { done, value } = await reader.read();
      if (done) break;
      seen.push(...parser.push(value));
    }
    closing.abort();
    return seen.slice(0, count);
  }

  const history = async () =>
    (await api.data<{ metrics: { timestamp: string }[] }>('metrics/history')).metrics;

  it('sends each new snapshot as it is taken, not compressed, with the sample’s time as id', async () => {
    const response = await api.request(STREAM, { headers: { 'accept-encoding': 'gzip, br' } });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(response.headers.get('content-encoding')).toBeNull();
    expect(response.headers.get('x-frame-options')).toBe('DENY');
    await response.body?.cancel();

    const seen = await events(3);
    const known = new Map((await history()).map((sample) => [String(Date.parse(sample.timestamp)), sample]));
    for (const { type, id, data } of seen) {
      expect(type).toBe('snapshot');
      expect(known.get(id ?? '')).toEqual(JSON.parse(data));
    }
  });

  it('ends at once for a client that asks for the headers alone', async () => {
    const response = await api.request(STREAM, { method: 'HEAD' });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const text = await Promise.race([response.text(), new Promise((done) => setTimeout(done, 5000, 'open'))]);
    expect(text).toBe('');
  });

  it('replays what was missed, once and in order, and goes on with what is new', async () => {
    await waitFor(async () => (await history()).length >= 5);
    const ids = (await history()).map(({ timestamp }) => String(Date.parse(timestamp)));
    const lastSeen = ids.at(-4) ?? '';
    const seen = (await events(8, { 'last-event-id': lastSeen })).map(({ id }) => id);
    const after = (await history()).map(({ timestamp }) => String(Date.parse(timestamp)));
    expect(after).toContain(lastSeen);
    expect(seen).toEqual(after.slice(after.indexOf(lastSeen) + 1).slice(0, 8));
  });

  it('replays everything later than an unknown id, and nothing for one that is no id', async () => {
    await waitFor(async () => (await history()).length >= 4);
    const [first, second, third] = (await history()).slice(-3).map(({ timestamp }) => Date.parse(timestamp));
    if (first === undefined || second === undefined) throw new Error('no samples');
    const seen = await events(2, { 'last-event-id': String(first + 1) });
    expect(seen.map(({ id }) => Number(id))).toEqual([second, third]);
    const [fresh] = await events(1, { 'last-event-id': 'abc' });
    expect(Number(fresh?.id)).toBeGreaterThan(third ?? Infinity);
  });

  it('needs an admin’s key, and says so before the stream begins', async () => {
    for (const [key, status] of [
      [null, 401],
      [MONITOR_KEY, 403],
    ] as const) {
      const response = await api.request(STREAM, {}, key);
      expect(response.status).toBe(status);
      expect(await response.json()).toMatchObject({ statusCode: status });
    }
  });

  it('ends at once when the app closes', async () => {
    const response = await api.request(STREAM);
    const ended = response.text().catch(() => 'broken off');
    api.child.kill('SIGTERM');
    await ended;
    expect(await api.exited).toEqual({ code: 0, signal: null });
  });
});
