// A stand-in for a Vintage Story server, for the demo and the tests: it is not the game, but prints, ticks, saves and
// stops like one, under a load that changes over minutes.
//   SAMPLE_LOAD_PERCENT  a constant load, in percent of one core (unset: a wave)
//   SAMPLE_SAVE_MS       how long a save takes (500)
//   SAMPLE_SAVE_FILE     a file that each finished save is written to
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const TICK_MS = 1000 / 30;
const READY_AFTER_MS = 1000;
const MAX_PLAYERS = 16;
const NAMES = ['Ada', 'Brunhild', 'Corvin', 'Dagny', 'Eyvind', 'Freydis', 'Gunnar', 'Hild', 'Ivar', 'Jorunn'];

const saveMs = Number(process.env.SAMPLE_SAVE_MS ?? 500);
const fixedLoadPercent = process.env.SAMPLE_LOAD_PERCENT;
const startedAtMs = performance.now();
const players = new Set();
const world = [];
let tickTimesMs = [];
let ticks = 0;
let lastPlayersAtMs = startedAtMs;
let stopping = false;

// A manager that was killed no longer reads our output; the game goes on without it.
process.stdout.on('error', () => undefined);

function log(text) {
  const now = new Date();
  const date = [now.getDate(), now.getMonth() + 1, now.getFullYear()].join('.');
  process.stdout.write(`${date} ${now.toTimeString().slice(0, 8)} [Server Event] ${text}\n`);
}

const ageSeconds = () => (performance.now() - startedAtMs) / 1000;

/** Percent of one core: a wave of four minutes with a faster ripple, and a little for each player. */
function loadPercent() {
  if (fixedLoadPercent !== undefined) return Number(fixedLoadPercent);
  const age = ageSeconds();
  return (
    28 + 20 * Math.sin((2 * Math.PI * age) / 240) + 5 * Math.sin((2 * Math.PI * age) / 17) + players.size
  );
}

/** The world grows and shrinks with the load; filled, so that the memory is really there. */
function resizeWorld() {
  const targetMb = 48 + Math.round(loadPercent() / 2);
  while (world.length < targetMb) world.push(Buffer.alloc(1024 * 1024, 1));
  world.length = Math.min(world.length, targetMb);
}

function playersComeAndGo() {
  const name = NAMES[Math.floor(Math.random() * NAMES.length)];
  const leaves = players.delete(name);
  if (!leaves) players.add(name);
  if (players.size > 0) lastPlayersAtMs = performance.now();
  log(leaves ? `Player ${name} left.` : `${name} [127.0.0.1] joins.`);
}

/** Works for its share of the tick, then sleeps until the next one is due. */
function tick(dueAtMs) {
  const beganAtMs = performance.now();
  const workMs = (loadPercent() / 100) * TICK_MS;
  while (performance.now() - beganAtMs < workMs) for (let i = 0; i < 1000; i++) Math.sqrt(i);
  tickTimesMs = [...tickTimesMs.slice(-59), performance.now() - beganAtMs];
  if (++ticks % 30 === 0) resizeWorld();
  if (ticks % (30 * 20) === 0) playersComeAndGo();
  const nextAtMs = Math.max(dueAtMs + TICK_MS, performance.now());
  setTimeout(() => tick(nextAtMs), nextAtMs - performance.now());
}

function stats() {
  const age = Math.floor(ageSeconds());
  const [days, hours, minutes] = [
    Math.floor(age / 86400),
    Math.floor(age / 3600) % 24,
    Math.floor(age / 60) % 60,
  ];
  const { heapUsed, rss } = process.memoryUsage();
  const average = tickTimesMs.reduce((sum, ms) => sum + ms, 0) / Math.max(1, tickTimesMs.length);
  const fields = [
    'Version: 1.21.0 (sample)',
    `Uptime: ${days} days, ${hours} hours, ${minutes} minutes, ${age % 60} seconds`,
    `Players last online: ${Math.floor((performance.now() - lastPlayersAtMs) / 1000)} seconds ago`,
    `Players online: ${players.size} / ${MAX_PLAYERS}${players.size > 0 ? ` (${[...players].join(', ')})` : ''}`,
    `Memory usage Managed/Total: ${Math.round(heapUsed / 1048576)}Mb / ${Math.round(rss / 1048576)} Mb`,
    `Last 2s Average Tick Time: ${average.toFixed(2)} ms`,
    `Last 2s Ticks/s: ${(1000 / Math.max(TICK_MS, average)).toFixed(2)}`,
    `Last 10 ticks (ms): ${tickTimesMs
      .slice(-10)
      .map((ms) => ms.toFixed(0))
      .join(', ')}`,
    `Loaded chunks: ${world.length * 20}`,
    `Loaded entities: ${world.length * 5} (${world.length} active)`,
    'Network TCP: 0 / 0 kb/s',
    'Network UDP: 0 / 0 kb/s',
  ];
  process.stdout.write(`${fields.join(';')}\n`);
}

function stop(reason) {
  if (stopping) return;
  stopping = true;
  log(`Server stop requested, begin shutdown sequence. Stop reason: ${reason}`);
  log('Saving the world...');
  setTimeout(() => {
    if (process.env.SAMPLE_SAVE_FILE) writeFileSync(process.env.SAMPLE_SAVE_FILE, 'saved\n');
    log('World saved. Stopped the server!');
    process.exit(0);
  }, saveMs);
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const command = line.trim();
  if (command === '/stop') stop('Shutdown through Server Console');
  else if (command === '/stats compact') stats();
  else if (command !== '') log(`No such command: ${command}`);
});
process.on('SIGTERM', () => stop('SIGTERM'));
process.on('SIGINT', () => stop('SIGINT'));

log('Launching server...');
log('Loading the world...');
resizeWorld();
setTimeout(() => {
  if (!stopping) log('Dedicated Server now running on Port 42420 and all ips!');
}, READY_AFTER_MS);
tick(performance.now());
