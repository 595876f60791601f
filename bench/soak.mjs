// npm run soak: three days' samples in minutes, on the real application in this process; exits 1 when anything grows or is
// lost. The game is restarted and stream clients come and go all the while. V8 interprets and does not compile: machine
// code, which is on the heap too, grows with the logarithm of time, as one function after another becomes hot.
import Database from 'libsql';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp } from '../build/create-app.js';
import { HistoryService } from '../build/history/history.service.js';
import { SnapshotStream } from '../build/http/routes/snapshot-stream.js';
import { MetricsService } from '../build/metrics/index.js';
import { GameServer } from '../build/game-server/game-server.js';
import { ADMIN_KEY } from '../src/testing/api-process.mjs';
import { sleep, table } from './lib.mjs';

/** Three days at 10 s are 25,920. In a third of that, the MiB by which V8's free pages come and go looks like a slope. */
const SAMPLES = 27_000;
const RESTARTS = 1500;
const PACE_MS = 20;
/** At which lost time is made good: the memory (360 samples) must span a client's longest absence (2 s). */
const CATCH_UP_PACE_MS = 10;
const MEASURE_EVERY = 90;
const WARM_UP = SAMPLES / 3;
/** The upper end of each slope's confidence interval must be below this, KB per 1,000 samples. */
const MAX_HEAP_SLOPE = 20;
const MAX_RSS_SLOPE = 250;
/** By so many descriptors or timers may the end differ from the beginning. */
const TOLERANCE = 3;

const folder = mkdtempSync(join(tmpdir(), 'vsm-soak-'));
for (const name of Object.keys(process.env)) if (name.startsWith('VS_')) delete process.env[name];
Object.assign(process.env, {
  VS_API_PORT: '0',
  VS_API_KEY_ADMIN: ADMIN_KEY,
  VS_DATA_DIR: join(folder, 'data'),
  VS_METRICS_INTERVAL: '0',
  // Ends at the first line of its input, which is /stop, and at the end of its input.
  VS_SERVER_COMMAND: 'head -n 1',
  VS_SERVER_CWD: folder,
});

const problems = [];
const quiet = () => undefined;
const logger = {
  log: quiet,
  warn: quiet,
  debug: quiet,
  verbose: quiet,
  error: (text) => problems.push(text),
};

const clients = fork(new URL('soak-clients.mjs', import.meta.url), {
  execArgv: [],
  serialization: 'advanced',
});
process.on('exit', () => {
  clients.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

const app = await createApp(logger);
await app.listen(0, '127.0.0.1');
const metrics = app.get(MetricsService, { strict: false });
const game = app.get(GameServer, { strict: false });
const stream = app.get(SnapshotStream, { strict: false });
const http = app.getHttpServer();
/** In memory that is there from the start, so that keeping the results is no growth. */
const takenAtMs = new Float64Array(SAMPLES);
const measures = new Float64Array((5 * SAMPLES) / MEASURE_EVERY);
let measured = 0;

async function tell(command, answer, more = {}) {
  const answered = answer && once(clients, 'message');
  clients.send({ command, ...more });
  return answer ? (await answered)[0] : undefined;
}

async function running(otherThanPid) {
  while (game.status.state !== 'running' || game.gameServerPid === otherThanPid) await sleep(5);
}

let restarts = 0;
async function restart() {
  const { gameServerPid } = game;
  await game.restart();
  await running(gameServerPid);
  restarts += 1;
}

function collectGarbage() {
  globalThis.gc();
  // What finalizers let go of goes with the second.
  return new Promise(setImmediate).then(() => globalThis.gc());
}

const descriptors = () => readdirSync('/proc/self/fd').length - 1; // one is the reading's own
const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
const subscriptions = () => metrics.published.observers.length + game.statuses.observers.length;
const connections = () => new Promise((done) => http.getConnections((_, count) => done(count)));

/** With the game running; descriptors without those of the connections, which come and go. */
async function measure(samples) {
  await collectGarbage();
  const { rss, heapUsed } = process.memoryUsage();
  measures.set(
    [samples, heapUsed / 1024, rss / 1024, descriptors() - (await connections()), timers()],
    measured,
  );
  measured += 5;
}

/** Everything that must be the same at the beginning and at the end, with one client only. */
async function rest() {
  await tell('pause', true);
  while ((await connections()) > 1) await sleep(5);
  await sleep(50);
  await collectGarbage();
  return { descriptors: descriptors(), timers: timers(), subscriptions: subscriptions() };
}

/** Ordinary least squares of a column over thousands of samples, with half of the 95 % confidence interval. */
function slope(column) {
  const points = [];
  for (let at = 0; at < measured; at += 5) {
    if (measures[at] > WARM_UP) points.push([measures[at] / 1000, measures[at + column]]);
  }
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanX, meanY] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const sxx = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const perThousand = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / sxx;
  const residual = points.reduce((sum, [x, y]) => sum + (y - meanY - perThousand * (x - meanX)) ** 2, 0);
  const degrees = points.length - 2;
  const t = 1.96 + 2.4 / degrees; // Student's, to two decimals from 30 degrees of freedom on
  return { meanY, perThousand, half: t * Math.sqrt(residual / degrees / sxx) };
}

const url = `${await app.getUrl()}/api/v1alpha1/metrics/stream`;
await tell('begin', true, { url, headers: { 'x-api-key': ADMIN_KEY } });
await tell('run', false);
await game.start();
const beganAt = performance.now();
let dueAt = beganAt;
let restarting = Promise.resolve();
let begin;
for (let due = 1; due <= SAMPLES; due += 1) {
  dueAt += PACE_MS;
  await sleep(Math.max(CATCH_UP_PACE_MS, dueAt - performance.now()));
  takenAtMs[due - 1] = (await metrics.collect()).timestamp.getTime();
  if (due % (SAMPLES / RESTARTS) === 0) {
    await restarting;
    restarting = restart();
  }
  if (due % MEASURE_EVERY === MEASURE_EVERY >> 1) {
    await restarting;
    await measure(due);
    const heapMb = (measures[measured - 4] / 1024).toFixed(1);
    const seconds = ((performance.now() - beganAt) / 1000).toFixed(0);
    const line = `${due} of ${SAMPLES} samples, ${restarts} restarts, heap ${heapMb} MiB, ${seconds} s`;
    if (process.stdout.isTTY) process.stdout.write(`\r${line}   `);
    else if (due % 1000 < MEASURE_EVERY) console.log(line);
  }
  if (due === WARM_UP) {
    await restarting;
    begin = await rest();
    await tell('run', false);
  }
}
await restarting;
const end = await rest();
const received = await tell('end', true);
while ((await connections()) > 0) await sleep(5);
await sleep(50);
const [clientsLeft, timersLeft] = [stream.clients.size, timers()];
const { taken, failed } = metrics.stats;
const heap = slope(1);
const rss = slope(2);
const during = (column) => {
  const values = [];
  for (let at = 0; at < measured; at += 5) if (measures[at] > WARM_UP) values.push(measures[at + column]);
  return `${Math.min(...values)} to ${Math.max(...values)}`;
};
await app.close();
await app.get(HistoryService).shutDown();

const db = new Database(join(folder, 'data', 'metrics.db'), { readonly: true });
const archived = db.prepare('SELECT time_ms FROM sample ORDER BY id').raw().all().flat();
db.close();

/** Whether ids are those of the samples, in order and without a hole, from the first that was received on. */
function isUnbroken(ids) {
  const from = takenAtMs.indexOf(ids[0]);
  return ids.every((id, i) => id === takenAtMs[from + i]);
}
const unbroken = received.resumed.filter(isUnbroken).length;

const withInterval = ({ perThousand, half }) => `${perThousand.toFixed(1)} ±${half.toFixed(1)}`;
const mb = ({ meanY }) => (meanY / 1024).toFixed(1);
console.log(
  `\nNode ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}, ` +
    `${((performance.now() - beganAt) / 1000).toFixed(0)} s`,
);
table('Memory after warm-up, following a garbage collection', [
  ['', 'mean MiB', 'KB per 1,000 samples (95 %)', 'bound'],
  ['heap', mb(heap), withInterval(heap), MAX_HEAP_SLOPE],
  ['resident', mb(rss), withInterval(rss), MAX_RSS_SLOPE],
]);
table('With one client, the others gone', [
  ['', 'after warm-up', 'end', 'meanwhile, without connections'],
  ['descriptors', begin.descriptors, end.descriptors, during(3)],
  ['timers', begin.timers, end.timers, during(4)],
  ['subscriptions', begin.subscriptions, end.subscriptions, ''],
]);
table('Samples', [
  ['due', SAMPLES],
  ['taken', taken],
  ['in the archive', archived.length],
  ['received by the client that stayed', received.steady.length],
  ['clients with Last-Event-ID that missed none', `${unbroken} of ${received.resumed.length}`],
]);
table('Meanwhile', [
  ['restarts of the game', restarts],
  ['streams opened', received.opened],
]);

const isSame = (ids) => ids.length === SAMPLES && ids.every((id, i) => id === takenAtMs[i]);
const expectations = [
  ['the heap is flat', heap.perThousand + heap.half < MAX_HEAP_SLOPE],
  ['resident memory is flat', rss.perThousand + rss.half < MAX_RSS_SLOPE],
  ['descriptors are constant', Math.abs(end.descriptors - begin.descriptors) <= TOLERANCE],
  ['timers are constant', Math.abs(end.timers - begin.timers) <= TOLERANCE],
  ['subscriptions are constant', end.subscriptions === begin.subscriptions],
  ['no client and no timer is left', clientsLeft === 0 && timersLeft === 0],
  ['every sample that was due was taken', taken === SAMPLES && failed === 0],
  ['every sample is in the archive', isSame(archived)],
  ['every sample reached the client that stayed', isSame(received.steady)],
  ['who came back with Last-Event-ID missed none', unbroken === received.resumed.length],
  ['no stream was refused or cut', received.refused === 0],
  [`the game was restarted ${RESTARTS} times`, restarts === RESTARTS],
  [`no error was logged (${problems[0] ?? ''})`, problems.length === 0],
];
const broken = expectations.filter(([, isMet]) => !isMet);
for (const [expectation] of broken) console.error(`FAILED: ${expectation}`);
if (broken.length === 0) console.log(`\nAll ${expectations.length} expectations hold.`);
process.exit(broken.length === 0 ? 0 : 1);
