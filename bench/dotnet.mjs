// What listening to a .NET game's garbage collector costs: CPU of ours and of the game, with and without, at 2 and at 60
// collections a second; and how true the pauses are over 10 s.
import { readdirSync, readFileSync } from 'node:fs';
import { DotnetSession } from '../build/telemetry/dotnet/dotnet-session.js';
import { dotnetProcess } from '../build/telemetry/dotnet/find-runtime.js';
import { dotnetProgram } from '../src/testing/dotnet/program.mjs';
import { printed, sleep, spread, start, stop, table } from './lib.mjs';

const ROUNDS = 6;
const ROUND_MS = 5000;
const TRUTH_MS = 10_000;

/** CPU time of a process, from its threads that live, to the nanosecond. */
function cpuMs(pid) {
  return readdirSync(`/proc/${pid}/task`).reduce(
    (sum, id) => sum + Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ')[0]) / 1e6,
    0,
  );
}

async function startGame(env = {}) {
  const game = start(dotnetProgram(), ['--keep', '20'], { env: { ...process.env, ...env } });
  await printed(game, /now running on Port/);
  return game;
}

async function ask(game, command) {
  game.output = '';
  game.stdin.write(`${command}\n`);
  return JSON.parse((await printed(game, /^gc (\{.*\})$/m))[1]);
}

async function listen(game) {
  const session = new DotnetSession(dotnetProcess(game.pid));
  session.open();
  while (session.counters === null) await sleep(10);
  return session;
}

/** Percent of one core that the game and this process took, with a sample every second where there is a session. */
async function round(game, session) {
  const [fromMs, gameFromMs, cpuFrom] = [performance.now(), cpuMs(game.pid), process.cpuUsage()];
  for (let i = 0; i < ROUND_MS / 1000; i++) {
    await sleep(1000);
    session?.read(performance.now());
  }
  const lengthMs = performance.now() - fromMs;
  const { user, system } = process.cpuUsage(cpuFrom);
  return { game: (100 * (cpuMs(game.pid) - gameFromMs)) / lengthMs, own: (user + system) / 10 / lengthMs };
}

async function cost() {
  const rows = [
    ['collections a second', 'game without', 'game with', 'more', 'ours without', 'ours with', 'more'],
  ];
  for (const rate of [2, 60]) {
    const game = await startGame();
    game.stdin.write(`/collect ${rate}\n`);
    await sleep(2000);
    const [without, withIt] = [[], []];
    // In turns, so that what else the machine does meets both.
    for (let i = 0; i < ROUNDS; i++) {
      without.push(await round(game, null));
      const session = await listen(game);
      withIt.push(await round(game, session));
      await session.close();
    }
    const column = (rounds, of) =>
      spread(
        rounds.map((each) => each[of]),
        2,
      );
    const more = (of) =>
      spread(
        withIt.map((each, i) => each[of] - without[i][of]),
        2,
      );
    rows.push([
      rate,
      ...['game', 'own'].flatMap((of) => [column(without, of), column(withIt, of), more(of)]),
    ]);
    await stop(game);
  }
  table('Listening to a .NET game: CPU, percent of one core', rows);
}

async function truth() {
  const rows = [['collector, MB/s', 'collections: game', 'ours', 'pauses, ms: game', 'ours', 'ours : game']];
  for (const [name, env] of [
    ['workstation', {}],
    ['server', { DOTNET_gcServer: '1', DOTNET_GCDynamicAdaptationMode: '0' }],
  ]) {
    for (const rate of [0, 20, 400]) {
      const game = await startGame(env);
      const session = await listen(game);
      const settle = async () => {
        // Twice the same: on a busy machine a collection may still come, or go on.
        for (let before = null; ; await sleep(500)) {
          const theirs = await ask(game, '/gcstats');
          if (before !== null && theirs.pauseMs === before.pauseMs) return { theirs, ours: session.counters };
          before = theirs;
        }
      };
      const before = await settle();
      game.stdin.write(`/rate ${rate}\n`);
      await sleep(TRUTH_MS);
      game.stdin.write('/rate 0\n');
      const after = await settle();
      const sum = (counts) => counts.reduce((total, count) => total + count, 0);
      const theirsMs = after.theirs.pauseMs - before.theirs.pauseMs;
      const oursMs = 1000 * (after.ours.pauseSeconds - before.ours.pauseSeconds);
      rows.push([
        `${name}, ${rate}`,
        after.theirs.collections[0] - before.theirs.collections[0],
        sum(after.ours.collections) - sum(before.ours.collections),
        theirsMs.toFixed(1),
        oursMs.toFixed(1),
        theirsMs === 0 ? '-' : (oursMs / theirsMs).toFixed(4),
      ]);
      await session.close();
      await stop(game);
    }
  }
  table('Garbage collections in 10 s, by the game itself and by us', rows);
}

export async function dotnet() {
  await cost();
  await truth();
}
