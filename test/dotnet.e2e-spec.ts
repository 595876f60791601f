import { expect, it } from '@jest/globals';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { collectGcEvents, stopCollecting } from '../src/telemetry/dotnet/diagnostics-client.js';
import { findSocket } from '../src/telemetry/dotnet/find-runtime.js';
import { DotnetSession } from '../src/telemetry/dotnet/dotnet-session.js';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { waitFor } from '../src/testing/wait-for.js';
import { describeWithDotnet, processOf } from '../src/testing/dotnet.js';
import { dotnetProgram } from '../src/testing/dotnet/program.mjs';
import { dotnetSessions, tuneClock } from './support/dotnet-sessions.js';

const MIB = 1024 ** 2;

describeWithDotnet()('the garbage collector of a real .NET runtime (CoreCLR)', () => {
  const { games, sessions, warned, start, listenTo } = dotnetSessions();

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

/** What is garbage depends on the moment. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

function ownResources(): { descriptors: number; heapMb: number } {
  const { heapUsed, external } = process.memoryUsage();
  return { descriptors: readdirSync('/proc/self/fd').length, heapMb: (heapUsed + external) / MIB };
}
