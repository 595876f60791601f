// What it costs to read a game's console, beside what it costs to keep its tail; whether memory stays flat.
import { EventLog } from '../build/events/event-log.js';
import { OutputTail } from '../build/game-server/output-tail.js';
import { ConsoleReader } from '../build/telemetry/console/console-reader.js';
import { sleep, spread, start, stop, table } from './lib.mjs';

const ROUNDS = 5;
const ROUND_MS = 4000;
const LINES_A_SECOND = 10_000;
const MILLION = 1_000_000;

/** Prints like a game: `RATE` lines a second of mixed kinds, or as fast as MB a second; answers `/stats compact`. */
const TALKER = `
const [kind, amount] = [process.argv[1], Number(process.argv[2])];
const at = '25.11.2026 22:16:39 ';
const kinds = [
  '[Server Notification] Placing 25 structures in the region of 12, 40 took longer than it should, 23 ms',
  '[Server Event] Autosaving game world. Notifying mods, then systems of save...',
  '[Server Chat] 0 | Alderwick: has anybody seen my pickaxe, I left it beside the forge at the lake',
  '[Server Debug] Loaded or generated a chunk column, 441 remain in the queue',
  kind === 'overloads' ? '[Server Warning] Server overloaded. A tick took 812ms to complete.' : '[Server Warning] An entity is far from where it ought to be',
];
const line = (i) => at + kinds[i % kinds.length] + '\\n';
const answer = at + '[Server Notification] Version: 1.21.5;Uptime: 0 days;Players last online: 0 seconds ago;Players online: 3 / 16 (A, B, C);;'
  + 'Memory usage Managed/Total: 533,2Mb / 1204,9 Mb;Last 2s Average Tick Time: 33,72 ms;Last 2s Ticks/s: 29,65;Last 10 ticks (ms): 33, 34\\n';
process.stdout.write(at + '[Server Event] Dedicated Server now running on Port 42420 and all ips!\\n');
process.stdin.on('data', () => process.stdout.write(answer));
const block = Array.from({ length: 100 }, (_, i) => line(i)).join('');
const began = performance.now();
let written = 0;
setInterval(() => {
  const due = (performance.now() - began) * amount / 1000;
  for (; written < due; written += kind === 'mb' ? block.length / 1e6 : 100) {
    if (!process.stdout.write(block) && process.stdout.writableLength > 1e6) break;
  }
}, 5);
`;

const RUNS = [
  ['tail alone', { kind: 'lines', amount: LINES_A_SECOND, reads: false }],
  ['tail and reader', { kind: 'lines', amount: LINES_A_SECOND, reads: true }],
  ['tail and reader, a fifth of them overloads', { kind: 'overloads', amount: LINES_A_SECOND, reads: true }],
  ['50 MB/s, tail alone', { kind: 'mb', amount: 50, reads: false }],
  ['50 MB/s, tail and reader', { kind: 'mb', amount: 50, reads: true }],
];

/** Reads a talking child for some seconds. */
async function listen({ kind, amount, reads }) {
  const child = start(process.execPath, ['-e', TALKER, kind, String(amount)]);
  child.stdout.removeAllListeners('data');
  const tail = new OutputTail();
  const log = new EventLog();
  const question = {
    command: '/stats compact',
    intervalMs: 1000,
    send: (line) => {
      child.stdin.write(`${line}\n`);
      return true;
    },
  };
  const reader = new ConsoleReader(question, log);
  let [bytes, answers] = [0, 0];
  let before = null;
  child.stdout.on('data', (chunk) => {
    bytes += chunk.length;
    tail.append(chunk);
    if (!reads) return;
    reader.take(chunk);
    if (reader.stats !== before) answers += 1;
    before = reader.stats;
  });
  await sleep(500);
  bytes = 0;
  const [cpu, began] = [process.cpuUsage(), performance.now()];
  await sleep(ROUND_MS);
  const { user, system } = process.cpuUsage(cpu);
  const tookMs = performance.now() - began;
  reader.close();
  await stop(child, 'SIGKILL');
  return {
    cpuPercent: (user + system) / 10 / tookMs,
    mbPerSecond: bytes / 1000 / tookMs,
    events: log.newest.length,
    answers,
  };
}

/** The reader alone, from memory: no pipe, no tail. */
function readFromMemory(lines, onPiece = () => undefined) {
  const text = Array.from(
    { length: 1000 },
    (_, i) =>
      `25.11.2026 22:16:39 [Server Notification] Placing ${i} structures took longer than it should, 23 ms\n`,
  ).join('');
  const piece = Buffer.from(text);
  const reader = new ConsoleReader({ command: '', intervalMs: 0, send: () => false }, new EventLog());
  const cpu = process.cpuUsage();
  for (let read = 0; read < lines; read += 1000) {
    reader.take(piece);
    onPiece();
  }
  const { user, system } = process.cpuUsage(cpu);
  reader.close();
  return (user + system) / lines;
}

export async function consoleCost() {
  const results = new Map(RUNS.map(([name]) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, options] of RUNS) results.get(name).push(await listen(options));
  }
  const of = (runs, what, digits) =>
    spread(
      runs.map((run) => run[what]),
      digits,
    );
  table(`Reading a game’s console (${LINES_A_SECOND} lines a second where no rate is named)`, [
    ['', 'CPU %', 'MB/s', 'answers', 'events'],
    ...[...results].map(([name, runs]) => [
      name,
      of(runs, 'cpuPercent', 2),
      of(runs, 'mbPerSecond', 1),
      of(runs, 'answers', 0),
      of(runs, 'events', 0),
    ]),
  ]);

  readFromMemory(MILLION / 10);
  const usPerLine = Array.from({ length: ROUNDS }, () => readFromMemory(MILLION / 10));
  const heaps = [];
  let pieces = 0;
  globalThis.gc?.();
  readFromMemory(MILLION, () => {
    pieces += 1;
    if (pieces % 10 === 0) heaps.push(process.memoryUsage().heapUsed / 1024 ** 2);
  });
  const tenth = heaps.length / 10;
  const least = (from) => Math.min(...heaps.slice(from, from + tenth)).toFixed(1);
  table('The reader alone', [
    ['us of CPU a line', spread(usPerLine, 3)],
    [
      `% of a core at ${LINES_A_SECOND} lines a second`,
      spread(
        usPerLine.map((us) => (us * LINES_A_SECOND) / 1e4),
        2,
      ),
    ],
    ['least heap in the 2nd tenth of a million lines, MiB', least(tenth)],
    ['and in the last', least(9 * tenth)],
  ]);
}
