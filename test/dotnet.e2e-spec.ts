import { afterEach, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  collectGcEvents,
  type EventStream,
  RUNTIME_PROVIDER,
  stopCollecting,
} from '../src/telemetry/dotnet/diagnostics-client.js';
import { findSocket } from '../src/telemetry/dotnet/find-runtime.js';
import { DotnetSession } from '../src/telemetry/dotnet/dotnet-session.js';
import { type GcCounters } from '../src/telemetry/dotnet/gc-meter.js';
import { NettraceReader } from '../src/telemetry/dotnet/nettrace-reader.js';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { waitFor } from '../src/testing/wait-for.js';
import { describeWithDotnet, DotnetGame, processOf } from '../src/testing/dotnet.js';
import { dotnetProgram } from '../src/testing/dotnet/program.mjs';

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
/** By then a runtime has handed on what has happened (it does so every 100 ms). */
const HANDED_ON_MS = 500;

describeWithDotnet()('the garbage collector of a real .NET runtime (CoreCLR)', () => {
  const logged = jest.spyOn(Logger.prototype, 'log').mockReturnValue();
  const warned = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
  const games: DotnetGame[] = [];
  const sessions: DotnetSession[] = [];

  afterEach(async () => {
    await Promise.all(sessions.splice(0).map((session) => session.close()));
    await Promise.all(games.splice(0).map((game) => game.kill()));
    logged.mockClear();
    warned.mockClear();
  });

  async function start(...args: Parameters<typeof DotnetGame.start>): Promise<DotnetGame> {
    const game = await DotnetGame.start(...args);
    games.push(game);
    return game;
  }

  async function listenTo(game: DotnetGame, onPause?: (ms: number) => void): Promise<DotnetSession> {
    const session = new DotnetSession(game.process, onPause);
    sessions.push(session);
    session.open();
    await waitFor(() => session.counters !== null);
    return session;
  }

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

  it('counts a long pause with its part in each sample that is taken while it goes on', async () => {
    // Held for much longer than a sample takes, also one that comes late.
    const game = await start({ DOTNET_gcConcurrent: '0' }, ['--keep', '500']);
    const pauses: number[] = [];
    const session = await listenTo(game, (ms) => pauses.push(ms));
    await tuneClock(game);
    let fromMs = performance.now();
    session.read(fromMs);
    pauses.length = 0;
    const before = session.counters?.collections[2] ?? NaN;
    const collected = game.stats('/gc');
    const samples: { ms: number; maxMs: number }[] = [];
    const take = async () => {
      await sleep(50);
      const nowMs = performance.now();
      const sample = session.read(nowMs);
      samples.push({
        ms: ((sample?.gcPausePercent ?? 0) / 100) * (nowMs - fromMs),
        maxMs: sample?.gcPauseMaxMs ?? 0,
      });
      fromMs = nowMs;
    };
    let isDone = false as boolean;
    void collected.then(() => (isDone = true));
    // Both of them are heard of, on a busy machine later.
    while (!isDone || (session.counters?.collections[2] ?? NaN) < before + 2) await take();
    for (let i = 0; i < 10; i++) await take();
    const longestMs = Math.max(...pauses);
    expect(longestMs).toBeGreaterThan(100);
    // Never more than a sample is long, though the pause was; and all of it in the end.
    expect(Math.max(...samples.map(({ maxMs }) => maxMs))).toBeLessThan(longestMs);
    expect(samples.filter(({ ms }) => ms > 0).length).toBeGreaterThan(2);
    const sumMs = pauses.reduce((sum, ms) => sum + ms, 0);
    expect(Math.abs(samples.reduce((sum, { ms }) => sum + ms, 0) / sumMs - 1)).toBeLessThan(0.1);
  });

  it('is listened to anew in a game that is restarted 50 times, and leaves nothing with us', async () => {
    const round = async () => {
      const game = await start();
      const session = await listenTo(game);
      await game.stop();
      await session.close();
      expect(
        readdirSync('/tmp').filter((name) => name.includes(`-${game.pid}-${game.process.startTick}-`)),
      ).toEqual([]);
      games.splice(games.indexOf(game), 1);
      sessions.splice(sessions.indexOf(session), 1);
    };
    await round();
    collectGarbage();
    const before = ownResources();
    for (let i = 0; i < 10; i++) await Promise.all(Array.from({ length: 5 }, round));
    await waitFor(() => ownResources().descriptors < before.descriptors + 10);
    collectGarbage();
    expect(ownResources().heapMb - before.heapMb).toBeLessThan(20);
  }, 300_000);

  it('has no session left in it once ours is closed, also after more than it could hold', async () => {
    const game = await start();
    const descriptors = () => readdirSync(`/proc/${game.pid}/fd`).length;
    const before = descriptors();
    // A runtime has room for 64.
    for (let i = 0; i < 70; i++) {
      const path = await findSocket(game.process);
      const { socket, sessionId } = await collectGcEvents(path);
      socket.resume();
      await stopCollecting(path, sessionId);
      socket.destroy();
    }
    const session = await listenTo(game);
    // The thread of the one before may be ending.
    await waitFor(() => game.sessions === 1);
    await session.close();
    await waitFor(() => game.sessions === 0);
    // A runtime opens some of its own as it goes; 70 sessions would have at least as many.
    await waitFor(() => descriptors() < before + 10);
  });

  it('lets go of a session whose reader was killed', async () => {
    const game = await start();
    const reader = spawn(
      process.execPath,
      ['test/faults/programs/dotnet-reader.mjs', JSON.stringify(game.process)],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    await once(reader.stdout, 'data');
    await waitFor(() => game.sessions === 1);
    reader.kill('SIGKILL');
    await once(reader, 'exit');
    game.send('/collect 10');
    await waitFor(() => game.sessions === 0);
    expect((await game.stats()).collections[0]).toBeGreaterThan(0);
  });

  it('is neither waited for nor lost while the game is stopped', async () => {
    const game = await start();
    const session = await listenTo(game);
    game.child.kill('SIGSTOP');
    const late = new DotnetSession(game.process);
    sessions.push(late);
    late.open();
    await sleep(300);
    session.read(performance.now());
    await sleep(100);
    expect(session.read(performance.now())).toMatchObject({ gcPausePercent: 0, gcPauseMaxMs: 0 });
    await waitFor(() => warned.mock.calls.some(([text]) => String(text).includes('does not answer')));
    expect(late.read(performance.now())).toBeNull();
    game.child.kill('SIGCONT');
    await waitFor(() => late.read(performance.now()) !== null);
    const before = session.counters?.collections[2] ?? 0;
    await game.stats('/gc');
    await waitFor(() => (session.counters?.collections[2] ?? 0) === before + 2);
    // What was asked of the stopped runtime in vain has left no session there.
    await Promise.all([session.close(), late.close()]);
    await waitFor(() => game.sessions === 0);
  });

  it('is not to be had where the runtime has it switched off', async () => {
    const game = await start({ DOTNET_EnableDiagnostics: '0' });
    const session = new DotnetSession(game.process);
    sessions.push(session);
    session.open();
    await waitFor(() => warned.mock.calls.length > 0);
    expect(String(warned.mock.calls[0]?.[0])).toContain('DOTNET_EnableDiagnostics=0');
    expect(session.read(performance.now())).toBeNull();
  });

  it('is found below the TMPDIR of the game', async () => {
    const folder = temporaryFolder();
    const game = await start({ TMPDIR: folder.path });
    const session = await listenTo(game);
    expect(readdirSync(folder.path).filter((name) => name.endsWith('-socket'))).toHaveLength(1);
    await session.close();
    await game.stop();
    folder.remove();
  });

  const inContainer = process.geteuid?.() === 0 && existsSync('/usr/bin/unshare') ? it : it.skip;
  inContainer('is found in a container, with processes and a /tmp of its own', async () => {
    const script = `mount -t tmpfs tmpfs /tmp && exec '${dotnetProgram()}'`;
    const container = spawn('unshare', ['--pid', '--mount', '--fork', '--mount-proc', 'sh', '-c', script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(container.stdout, 'data');
    const { stdout } = await promisify(execFile)('ps', ['-o', 'pid=', '--ppid', String(container.pid)]);
    const session = new DotnetSession(processOf(Number(stdout)));
    session.open();
    await waitFor(() => session.counters !== null);
    await session.close();
    container.stdin.write('/stop\n');
    await once(container, 'exit');
  });

  it('can send any nonsense: a thousand mutations of a recording do no harm', async () => {
    const folder = temporaryFolder();
    const game = await start({}, ['--rate', '200', '--keep', '10']);
    const path = await findSocket(game.process);
    const { socket, sessionId } = await collectGcEvents(path);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk)).resume();
    await waitFor(() => Buffer.concat(chunks).length > 100_000);
    await stopCollecting(path, sessionId);
    socket.destroy();
    const recording = join(folder.path, 'recording');
    writeFileSync(recording, Buffer.concat(chunks));
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--expose-gc',
      'test/faults/programs/mutated-streams.mjs',
      recording,
    ]);
    const told = JSON.parse(stdout) as Record<string, number>;
    process.stdout.write(`mutated recordings: ${stdout}`);
    expect(told.escaped).toEqual([]);
    expect(told.refused).toBeGreaterThan(200);
    expect(told.read).toBeGreaterThan(20);
    expect(told.events).toBeGreaterThan(10_000);
    expect(told.grownMb).toBeLessThan(32);
    folder.remove();
  });
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

/** Has the session hear many events, of which the quickest tells best how far the runtime's clock is. */
async function tuneClock(game: DotnetGame): Promise<void> {
  game.send('/collect 50');
  await sleep(1000);
  game.send('/collect 0');
  await sleep(HANDED_ON_MS);
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

/** What is garbage depends on the moment. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

function ownResources(): { descriptors: number; heapMb: number } {
  const { heapUsed, external } = process.memoryUsage();
  return { descriptors: readdirSync('/proc/self/fd').length, heapMb: (heapUsed + external) / MIB };
}
