import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiProcess, type WireBucket, type WireSnapshot } from '../src/testing/api-process.mjs';
import { describeWithDotnet, DotnetGame, sessionsOf } from '../src/testing/dotnet.js';
import { dotnetProgram } from '../src/testing/dotnet/program.mjs';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { waitFor } from '../src/testing/wait-for.js';
import { valueOf } from './support/metric-value.js';

const MIB = 1024 ** 2;
/** A sample tells of the time until 250 ms before it; two more have come by then. */
const TOLD_MS = 1000;
const INTERVAL_S = 0.2;

describeWithDotnet()('the whole application beside a real .NET game', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let api: ApiProcess;
  const games: DotnetGame[] = [];

  beforeEach(() => {
    folder = temporaryFolder();
  });

  afterEach(async () => {
    await api.end();
    await Promise.all(games.splice(0).map((game) => game.kill()));
    folder.remove();
  });

  const pidFile = () => join(folder.path, 'game.pid');

  async function startApi(variables: Record<string, string>): Promise<void> {
    const settings = { VS_METRICS_INTERVAL: String(INTERVAL_S), VS_DATA_DIR: join(folder.path, 'data') };
    api = await ApiProcess.start({ ...settings, ...variables }, folder.path);
  }

  /** A game of which the console is the test's, and which the application is told of. */
  async function startGame(...args: Parameters<typeof DotnetGame.start>): Promise<DotnetGame> {
    const game = await DotnetGame.start(...args);
    games.push(game);
    writeFileSync(`${pidFile()}-`, String(game.pid));
    renameSync(`${pidFile()}-`, pidFile());
    return game;
  }

  const current = () => api.data<WireSnapshot | null>('metrics/current');
  const heard = () => waitFor(async () => (await current())?.gcPausePercent != null);
  const unheard = () =>
    waitFor(async () => {
      const { gcHeapMb, gcPausePercent, gcPauseMaxMs } = (await current()) ?? {};
      return gcHeapMb === null && gcPausePercent === null && gcPauseMaxMs === null;
    });

  async function scrape() {
    const text = await (await api.request('metrics')).text();
    const collections = (generation: number) =>
      valueOf(`vintagestory_dotnet_gc_collections_total{generation="${generation}"}`, text);
    return {
      heapBytes: valueOf('vintagestory_dotnet_heap_bytes', text),
      pauseSeconds: valueOf('vintagestory_dotnet_gc_pause_seconds_total', text),
      collections: [0, 1, 2].map(collections),
    };
  }

  it('tells of it in samples, history, export and Prometheus as the game itself counts', async () => {
    // Before everything else that wants to run: our count goes on until the threads do, the runtime's does not.
    const game = await startGame({ DOTNET_gcConcurrent: '0' }, ['--keep', '200'], true);
    await startApi({ VS_SERVER_PID_FILE: pidFile() });
    await heard();
    await sleep(TOLD_MS);
    const [theirs, ours] = [await game.stats(), await scrape()];
    game.send('/rate 100');
    await sleep(2000);
    game.send('/rate 0');
    const forced = await game.stats('/gc');
    const collectedIn = ({ collections }: Awaited<ReturnType<typeof scrape>>) =>
      collections.map((count, i) => (count ?? NaN) - (ours.collections[i] ?? NaN));
    const sumOf = (counts: number[]) => counts.reduce((sum, count) => sum + count, 0);
    const theirsCollectedIn = ({ collections }: typeof forced) =>
      collections.map((count, i) => count - (theirs.collections[i] ?? NaN));
    // On a busy machine events come late.
    await waitFor(async () => {
      const [theirsNow, oursNow] = [await game.stats(), await scrape()];
      return sumOf(collectedIn(oursNow)) >= (theirsCollectedIn(theirsNow)[0] ?? NaN);
    });
    await sleep(TOLD_MS);
    const [theirsAfter, oursAfter] = [await game.stats(), await scrape()];

    // As the game counts, one of generation 2 is one of generations 0 and 1 as well.
    const collected = collectedIn(oursAfter);
    const theirsCollected = theirsCollectedIn(theirsAfter);
    expect(sumOf(collected)).toBe(theirsCollected[0]);
    expect(collected[2]).toBe(theirsCollected[2]);
    expect(theirsCollected[2]).toBeGreaterThanOrEqual(2);
    const heapMb = (await current())?.gcHeapMb ?? NaN;
    expect(Math.abs(heapMb / (forced.memoryBytes / MIB) - 1)).toBeLessThan(0.02);
    expect(Math.abs((oursAfter.heapBytes ?? NaN) / MIB - heapMb)).toBeLessThan(0.01);

    const pauseMs = 1000 * ((oursAfter.pauseSeconds ?? NaN) - (ours.pauseSeconds ?? NaN));
    const theirsPauseMs = theirsAfter.pauseMs - theirs.pauseMs;
    process.stdout.write(
      `application beside a game: pauses ${pauseMs.toFixed(1)} ms, runtime ${theirsPauseMs.toFixed(1)} ms; ` +
        `heap ${heapMb.toFixed(2)} MB, runtime ${(forced.memoryBytes / MIB).toFixed(2)} MB\n`,
    );
    expect(Math.abs(pauseMs / theirsPauseMs - 1)).toBeLessThan(0.1);

    // The samples' shares of their time add up to what was counted.
    const samples = await api.history();
    const sampledMs = samples.reduce((sum, { timestamp, gcPausePercent }, i) => {
      const beforeMs = Date.parse(samples[i - 1]?.timestamp ?? timestamp);
      return sum + ((gcPausePercent ?? 0) / 100) * (Date.parse(timestamp) - beforeMs);
    }, 0);
    const totalMs = 1000 * (oursAfter.pauseSeconds ?? NaN);
    expect(Math.abs(sampledMs / totalMs - 1)).toBeLessThan(0.1);
    const longestMs = Math.max(...samples.map(({ gcPauseMaxMs }) => gcPauseMaxMs ?? 0));
    expect(longestMs).toBeGreaterThan(20);

    const { metrics: buckets } = await api.data<{ metrics: WireBucket[] }>(
      'metrics/history?minutes=60&points=100',
    );
    expect(Math.max(...buckets.map(({ gcPauseMaxMsMax }) => gcPauseMaxMsMax ?? 0))).toBe(longestMs);
    const csv = await (await api.request('api/v1alpha1/metrics/export?format=csv')).text();
    expect(csv.split('\n', 1)[0]).toMatch(/gcHeapMb,gcPausePercent,gcPauseMaxMs/);
  });

  it('tells a long pause as an event', async () => {
    const game = await startGame({ DOTNET_gcConcurrent: '0' }, ['--keep', '500']);
    await startApi({ VS_SERVER_PID_FILE: pidFile() });
    await heard();
    interface Told {
      readonly kind: string;
      readonly level: string;
      readonly text: string;
      readonly numbers: Readonly<Record<string, number>>;
    }
    const told = async () =>
      (await api.data<{ events: Told[] }>('events')).events.filter(({ kind }) => kind === 'gc_pause');
    await waitFor(async () => {
      await game.stats('/gc');
      return (await told()).length > 0;
    });
    const event = (await told()).at(-1);
    expect(event?.numbers.pauseMs).toBeGreaterThan(250);
    expect(event).toMatchObject({ level: 'warning', numbers: { count: 1 } });
    expect(event?.text).toMatch(/^A garbage collection held the game for \d+(\.\d)? ms\.$/);
  });

  it('listens to each game anew, and leaves no session in one that goes on', async () => {
    const first = await startGame();
    await startApi({ VS_SERVER_PID_FILE: pidFile() });
    await heard();
    await first.stop();
    await unheard();
    const before = await scrape();
    expect(before.heapBytes).toBeUndefined();

    const second = await startGame();
    await heard();
    expect(api.said(`Reading the garbage collections of process ${first.pid} `)).toBe(1);
    expect(api.said(`Reading the garbage collections of process ${second.pid} `)).toBe(1);
    await second.stats('/gc');
    await waitFor(async () => {
      const { collections, pauseSeconds } = await scrape();
      const isCounted = Number(collections[2]) >= (before.collections[2] ?? NaN) + 2;
      return isCounted && Number(pauseSeconds) > (before.pauseSeconds ?? NaN);
    });

    expect(second.sessions).toBe(1);
    expect(await api.end()).toBe(0);
    await waitFor(() => second.sessions === 0);
    expect((await second.stats()).collections[2]).toBeGreaterThan(0);
    expect(api.said('cannot be read')).toBe(0);
  });

  it('finds it behind a wrapper, which the application started', async () => {
    await startApi({
      VS_SERVER_COMMAND: `sh -c '"${dotnetProgram()}" --keep 20 --rate 50; true'`,
      VS_SERVER_AUTOSTART: 'true',
    });
    await waitFor(async () => ((await current())?.gcHeapMb ?? 0) > 20);
    await api.data('server/stop', 'POST');
    await unheard();
    await api.data('server/start', 'POST');
    await waitFor(async () => ((await current())?.gcHeapMb ?? 0) > 20);
    expect(api.said('Reading the garbage collections')).toBe(2);
    expect(api.said('cannot be read')).toBe(0);
  });

  it('is listened to again after the application was killed and took it over, by one session', async () => {
    const managed = {
      VS_SERVER_COMMAND: `"${dotnetProgram()}" --keep 20 --rate 50`,
      VS_SERVER_AUTOSTART: 'true',
    };
    await startApi(managed);
    await waitFor(async () => ((await current())?.gcHeapMb ?? 0) > 20);
    const { pid } = await api.data<{ pid: number }>('server/status');
    await api.kill();
    await startApi(managed);
    await waitFor(async () => ((await current())?.gcHeapMb ?? 0) > 20);
    expect((await api.data<{ pid: number }>('server/status')).pid).toBe(pid);
    // That of the killed one went with its reader.
    await waitFor(() => sessionsOf(pid) === 1);
    await api.data('server/stop', 'POST');
    await unheard();
  });

  it('is not asked when that is switched off', async () => {
    const game = await startGame();
    await startApi({ VS_SERVER_PID_FILE: pidFile(), VS_DOTNET_METRICS: 'false' });
    await waitFor(async () => (await current())?.gameCpuPercent != null);
    await sleep(TOLD_MS);
    expect(game.sessions).toBe(0);
    expect(await current()).toMatchObject({ gcHeapMb: null, gcPausePercent: null, gcPauseMaxMs: null });
    expect(await scrape()).toEqual({
      heapBytes: undefined,
      pauseSeconds: undefined,
      collections: [undefined, undefined, undefined],
    });
    expect(api.said('garbage collections')).toBe(0);
  });

  it('is said once to have its runtime switched off, with the remedy', async () => {
    await startGame({ DOTNET_EnableDiagnostics: '0' });
    await startApi({ VS_SERVER_PID_FILE: pidFile() });
    await api.waitForOutput(
      /garbage collections .* cannot be read: .*DOTNET_EnableDiagnostics=0: start it without/,
    );
    await sleep(2 * TOLD_MS);
    expect(api.said('garbage collections')).toBe(1);
  });

  it('has no line in the log when the game is no .NET program', async () => {
    await startApi({
      VS_SERVER_COMMAND: `${process.execPath} ${resolve('examples/sample-server.mjs')}`,
      VS_SERVER_AUTOSTART: 'true',
    });
    await waitFor(async () => (await current())?.gameCpuPercent != null);
    await sleep(2 * TOLD_MS);
    expect(api.said('garbage collections')).toBe(0);
    expect(await current()).toMatchObject({ gcPausePercent: null, gcPauseMaxMs: null });
  });
});
