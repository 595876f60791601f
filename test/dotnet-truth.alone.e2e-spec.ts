import { expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  collectGcEvents,
  type EventStream,
  RUNTIME_PROVIDER,
  stopCollecting,
} from '../src/telemetry/dotnet/diagnostics-client.js';
import { findSocket } from '../src/telemetry/dotnet/find-runtime.js';
import { type DotnetSession } from '../src/telemetry/dotnet/dotnet-session.js';
import { type GcCounters } from '../src/telemetry/dotnet/gc-meter.js';
import { NettraceReader } from '../src/telemetry/dotnet/nettrace-reader.js';
import { waitFor } from '../src/testing/wait-for.js';
import { describeWithDotnet, type DotnetGame } from '../src/testing/dotnet.js';
import { dotnetSessions, HANDED_ON_MS, tuneClock } from './support/dotnet-sessions.js';

const MIB = 1024 ** 2;
/** What a runtime counts of each collection before its first event. */
const BEFORE_MS = 0.1;
const GC_END = 2;
const RESTART_EE_BEGIN = 7;
const SUSPEND_EE_BEGIN = 9;
/** The server collector holds all threads also to change its number of heaps, which its own count leaves out. */
const COLLECTORS = {
  workstation: {},
  server: { DOTNET_gcServer: '1', DOTNET_GCDynamicAdaptationMode: '0' },
};

describeWithDotnet()('the garbage collector of a real .NET runtime (CoreCLR), by its own count', () => {
  const { start, listenTo } = dotnetSessions();

  /** What a game did at a rate for 10 s, by its own count and by ours, as samples and as counters. */
  async function compare(collector: keyof typeof COLLECTORS, rate: number) {
    const game = await start(COLLECTORS[collector], ['--keep', '20'], true);
    const session = await listenTo(game);
    const held = await HeldAfter.listenTo(game);
    await tuneClock(game);
    const before = await settled(game, session);
    const heldBeforeMs = held.ms;
    session.read(performance.now());
    game.send(`/rate ${rate}`);
    let sampledPauseMs = 0;
    for (let i = 0, fromMs = performance.now(); i < 20; i++) {
      await sleep(500);
      const nowMs = performance.now();
      sampledPauseMs += ((session.read(nowMs)?.gcPausePercent ?? NaN) / 100) * (nowMs - fromMs);
      fromMs = nowMs;
    }
    game.send('/rate 0');
    const lastMs = performance.now();
    const after = await settled(game, session);
    const restMs = performance.now();
    sampledPauseMs += ((session.read(restMs)?.gcPausePercent ?? NaN) / 100) * (restMs - lastMs);
    const theirs = {
      isServer: after.theirs.isServer,
      collections: after.theirs.collections.map((count, i) => count - (before.theirs.collections[i] ?? 0)),
      pauseMs: after.theirs.pauseMs - before.theirs.pauseMs,
    };
    const ours = {
      collections: withYounger(after.ours).map((count, i) => count - (withYounger(before.ours)[i] ?? 0)),
      pauseMs: 1000 * (after.ours.pauseSeconds - before.ours.pauseSeconds),
      sampledPauseMs,
      heldAfterMs: held.ms - heldBeforeMs,
    };
    const forced = await game.stats('/gc');
    // On a busy machine it is heard of later.
    await waitFor(() => {
      const heard = (session.counters?.collections[2] ?? NaN) - after.ours.collections[2];
      return heard >= forced.collections[2] - after.theirs.collections[2];
    });
    await sleep(HANDED_ON_MS);
    const heapMb = session.read(performance.now())?.gcHeapMb ?? NaN;
    process.stdout.write(
      `${collector} collector, ${rate} MB/s: ${ours.collections[0]} collections, pauses ${ours.pauseMs.toFixed(1)} ms ` +
        `(sampled ${sampledPauseMs.toFixed(1)}, after the end ${ours.heldAfterMs.toFixed(1)}), runtime ${theirs.pauseMs.toFixed(1)} ms; ` +
        `heap ${heapMb.toFixed(2)} MB, runtime ${(forced.memoryBytes / MIB).toFixed(2)} MB\n`,
    );
    await held.stop();
    await game.stop();
    return { theirs, ours, heapRatio: heapMb / (forced.memoryBytes / MIB) };
  }

  /**
   * The runtime counts from 0.1 ms before it says that it begins to hold the threads, and until a collection is done;
   * we until it lets them go on, which on an idle machine is the same.
   */
  async function expectTruth(collector: keyof typeof COLLECTORS, rate: number): Promise<void> {
    for (let triesLeft = 4; ; triesLeft--) {
      const { theirs, ours, heapRatio } = await compare(collector, rate);
      expect(theirs.isServer).toBe(collector === 'server');
      expect(ours.collections).toEqual(theirs.collections);
      expect(Math.abs(heapRatio - 1)).toBeLessThan(0.02);
      if (rate === 0) {
        expect(ours).toEqual({ collections: [0, 0, 0], pauseMs: 0, sampledPauseMs: 0, heldAfterMs: 0 });
        return;
      }
      expect(theirs.collections[0]).toBeGreaterThan(0);
      expect(Math.abs(ours.sampledPauseMs / ours.pauseMs - 1)).toBeLessThan(0.1);
      const fewerMs = Math.max(0, theirs.pauseMs - ours.pauseMs - BEFORE_MS * (theirs.collections[0] ?? 0));
      const moreMs = Math.max(0, ours.pauseMs - ours.heldAfterMs - theirs.pauseMs);
      const error = (fewerMs + moreMs) / theirs.pauseMs;
      if (error > 0.02 && triesLeft > 0) continue;
      expect(error).toBeLessThanOrEqual(0.02);
      return;
    }
  }

  it('is told as the runtime itself counts it, when little or an ordinary amount is allocated', async () => {
    await Promise.all([
      expectTruth('workstation', 0),
      expectTruth('server', 0),
      expectTruth('workstation', 20),
      expectTruth('server', 20),
    ]);
  }, 300_000);

  it('is told as the runtime itself counts it at 400 MB/s, by the workstation collector', async () => {
    await expectTruth('workstation', 400);
  }, 300_000);

  it('is told as the runtime itself counts it at 400 MB/s, by the server collector', async () => {
    await expectTruth('server', 400);
  }, 300_000);
});

/** How long the threads were held after collections were done, from events of the runtime that the meter passes over. */
class HeldAfter {
  ms = 0;
  private readonly doneMs = new Map<number, number>();

  private constructor(
    private readonly path: string,
    private readonly stream: EventStream,
  ) {
    const reader = new NettraceReader(RUNTIME_PROVIDER, {
      began: () => undefined,
      event: ({ id, timeMs, thread }) => {
        if (id === GC_END) this.doneMs.set(thread, timeMs);
        if (id === SUSPEND_EE_BEGIN) this.doneMs.delete(thread);
        if (id !== RESTART_EE_BEGIN) return;
        this.ms += timeMs - (this.doneMs.get(thread) ?? timeMs);
        this.doneMs.delete(thread);
      },
    });
    stream.socket
      .on('data', (chunk: Buffer) => {
        reader.push(chunk);
      })
      .resume();
  }

  static async listenTo(game: DotnetGame): Promise<HeldAfter> {
    const path = await findSocket(game.process);
    return new HeldAfter(path, await collectGcEvents(path));
  }

  async stop(): Promise<void> {
    await stopCollecting(this.path, this.stream.sessionId);
    this.stream.socket.destroy();
  }
}

/** What both sides have counted, when nothing more is to come. */
async function settled(game: DotnetGame, session: DotnetSession) {
  let theirs = await game.stats();
  // Twice the same: on a busy machine a collection may still come, or go on.
  for (let pauseMs = NaN; theirs.pauseMs !== pauseMs;) {
    pauseMs = theirs.pauseMs;
    await sleep(2 * HANDED_ON_MS);
    theirs = await game.stats();
  }
  return { theirs, ours: session.counters ?? { pauseSeconds: NaN, collections: [NaN, NaN, NaN] as const } };
}

/** As .NET counts: one of generation 2 is one of generations 0 and 1 as well. */
function withYounger({ collections: [zero, one, two] }: GcCounters): [number, number, number] {
  return [zero + one + two, one + two, two];
}
