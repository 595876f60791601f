/**
 * An example, not the game: a small stand-in that looks like a Vintage Story dedicated server from outside,
 * so that the demo, the tests and the benches run on a machine without the game. It logs in the game's form,
 * ticks 30 times a second, holds memory, reads its console, and saves before it stops. The players and what
 * they do are made up; CPU time, memory and tick times are its own.
 *
 *   SAMPLE_LOAD_PERCENT  a constant load, 0 to 100 % of one core (unset: a wave from 5 to 60 %)
 *   SAMPLE_SAVE_MS       how long saving the world takes (unset: 500)
 *   SAMPLE_SAVE_FILE     a file that gets the line "saved" at the end of the save (unset: none)
 *   SAMPLE_CULTURE       how decimals are written, such as de-DE (unset: en-US)
 *   SAMPLE_FAULT         never-ready; or as it answers /stats compact: silent (not at all), late (after 5 s), twice;
 *                        or flood (1,000 overload lines a second, once it is ready) (unset: none)
 */
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const TICK_MS = 1000 / 30;
const STATS_WINDOW_MS = 2000;
const WAVE_PERIOD_MS = 180_000;
/** The game says so of a tick that takes longer. */
const OVERLOAD_MS = 500;
const FIRST_LAG_MS = 15_000;
const LAG_EVERY_MS = 120_000;
const FIRST_AUTOSAVE_MS = 30_000;
const AUTOSAVE_EVERY_MS = 300_000;
const LATE_ANSWER_MS = 5000;
const FAULTS = ['', 'never-ready', 'silent', 'late', 'twice', 'flood'];
const MIB = 1024 ** 2;
const CHUNK_BYTES = 32 ** 3;
const WORLD_BYTES = 56 * MIB;
const WORLD_BYTES_PER_PLAYER = 8 * MIB;
const WORLD_STEP_BYTES = MIB / 2;
// prettier-ignore
const NAMES = ['Alderwick', 'Bramblefox', 'Cindermoss', 'Duskweaver', 'Emberlynn', 'Fennelby', 'Gritstone', 'Hollowpine'];

const saveMs = numberFrom('SAMPLE_SAVE_MS', 3_600_000) ?? 500;
const fixedLoadPercent = numberFrom('SAMPLE_LOAD_PERCENT', 100);
const saveFile = process.env.SAMPLE_SAVE_FILE;
const culture = process.env.SAMPLE_CULTURE || 'en-US';
const fault = choiceFrom('SAMPLE_FAULT', FAULTS);

const worldBytesMax = WORLD_BYTES + NAMES.length * WORLD_BYTES_PER_PLAYER;
// Resizable, because shrinking it gives the memory back at once; dropped buffers would wait for the collector.
const worldBuffer = new ArrayBuffer(WORLD_BYTES, { maxByteLength: worldBytesMax });
// Filled, because memory counts as resident only once it has been written to.
const world = new Uint8Array(worldBuffer).fill(1);
const players = [];
const recentTicks = [];
let lastOnlineMs = 0;
let nextTickMs = performance.now();
let workOffset = 0;
/** How long the next tick works, besides the load. */
let lagMs = 0;
let suspended = false;
let stopping = false;

function numberFrom(name, max) {
  const text = process.env[name] ?? '';
  if (text === '') return null;
  const value = Number(text);
  if (value >= 0 && value <= max) return value;
  console.error(`${name}="${text}" cannot be used; allowed: 0 to ${max}`);
  process.exit(1);
}

function choiceFrom(name, choices) {
  const text = process.env[name] ?? '';
  if (choices.includes(text)) return text;
  console.error(`${name}="${text}" cannot be used; allowed: ${choices.slice(1).join(', ')}`);
  process.exit(1);
}

function log(message, type = 'Event') {
  // German writes dates as the game does: D.M.YYYY HH:MM:SS.
  const time = new Date().toLocaleString('de-DE').replace(',', '');
  process.stdout.write(`${time} [Server ${type}] ${message}\n`);
}

function moveWorldTowardsPlayers() {
  const oldLength = world.length;
  const missing = WORLD_BYTES + players.length * WORLD_BYTES_PER_PLAYER - oldLength;
  worldBuffer.resize(oldLength + Math.max(-WORLD_STEP_BYTES, Math.min(missing, WORLD_STEP_BYTES)));
  if (missing > 0) world.fill(1, oldLength);
}

function cpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function tick() {
  if (suspended) {
    setTimeout(tick, TICK_MS);
    return;
  }
  const startMs = performance.now();
  const wavePercent = 5 + 55 * (0.5 - 0.5 * Math.cos((2 * Math.PI * startMs) / WAVE_PERIOD_MS));
  const workMs = lagMs + (TICK_MS * (fixedLoadPercent ?? wavePercent)) / 100;
  lagMs = 0;
  // CPU time, not elapsed time, or the load would shrink whenever the machine is busy with something else.
  for (const fromCpuMs = cpuMs(); cpuMs() - fromCpuMs < workMs;) {
    for (let i = 0; i < 4096; i++) world[(workOffset + i) % world.length] += 1;
    workOffset = (workOffset + 4096) % world.length;
  }
  const endMs = performance.now();
  recentTicks.push({ endMs, tookMs: endMs - startMs });
  while (recentTicks[0].endMs < endMs - STATS_WINDOW_MS) recentTicks.shift();
  if (endMs - startMs > OVERLOAD_MS) {
    log(`Server overloaded. A tick took ${Math.round(endMs - startMs)}ms to complete.`, 'Warning');
  }
  // From the planned time, not from now, or every late timer would lower the rate; ticks missed are not made up.
  nextTickMs = Math.max(nextTickMs + TICK_MS, endMs);
  setTimeout(tick, nextTickMs - endMs);
}

function playerJoinsOrLeaves() {
  if (stopping) return;
  const leaves = Math.random() < players.length / NAMES.length;
  const candidates = leaves ? players : NAMES.filter((name) => !players.includes(name));
  const name = candidates[Math.floor(Math.random() * candidates.length)];
  if (leaves) {
    players.splice(players.indexOf(name), 1);
    lastOnlineMs = performance.now();
    log(`Player ${name} left.`);
    log('Client 1 disconnected.');
    if (players.length === 0) log('All clients disconnected, pausing game calendar.');
  } else {
    players.push(name);
    log(`${name} [::1]:${40_000 + Math.floor(Math.random() * 20_000)} joins.`);
  }
  setTimeout(playerJoinsOrLeaves, 5000 + Math.random() * 25_000);
}

/** A lag now and then, as of a save or of chunks that are generated. */
function lag() {
  lagMs = OVERLOAD_MS + 100 + Math.random() * 900;
  setTimeout(lag, LAG_EVERY_MS * (0.5 + Math.random()));
}

/** Nothing ticks meanwhile. There is no line at its end. */
function autosave() {
  if (stopping) return;
  suspended = true;
  log('Server ticking has been suspended', 'Notification');
  log('Autosaving game world. Notifying mods, then systems of save...');
  setTimeout(() => {
    suspended = false;
    log('Server ticking has been resumed', 'Notification');
  }, saveMs);
  setTimeout(autosave, AUTOSAVE_EVERY_MS);
}

function flood() {
  for (let i = 0; i < 100; i++) log('Server overloaded. A tick took 501ms to complete.', 'Warning');
}

/** None while nothing ticks. */
function tickFields() {
  while (recentTicks[0]?.endMs < performance.now() - STATS_WINDOW_MS) recentTicks.shift();
  if (recentTicks.length === 0) return [];
  const tickMs = recentTicks.reduce((sum, { tookMs }) => sum + tookMs, 0) / recentTicks.length;
  const ticksPerSecond = recentTicks.length / (Math.min(performance.now(), STATS_WINDOW_MS) / 1000);
  const lastTicks = recentTicks.slice(-10).map(({ tookMs }) => Math.round(tookMs));
  return [
    `Last 2s Average Tick Time: ${inCulture(rounded(tickMs, 2))} ms`,
    `Last 2s Ticks/s: ${inCulture(rounded(ticksPerSecond, 2))}`,
    `Last 10 ticks (ms): ${lastTicks.join(', ')}`,
  ];
}

/** The game's own line; 1.21 prints at most two decimals, one for memory, and whole milliseconds for single ticks. */
function statsLine() {
  const upMs = performance.now();
  const upSeconds = Math.floor(upMs / 1000);
  const [days, hours, minutes] = [86_400, 3600, 60].map((seconds) => Math.floor(upSeconds / seconds));
  const lastOnlineSeconds = players.length > 0 ? 0 : Math.floor((upMs - lastOnlineMs) / 1000);
  const names = players.length > 0 ? ` (${players.join(', ')})` : '';
  const { rss, heapUsed } = process.memoryUsage();
  const [managedMb, totalMb] = [heapUsed + world.length, rss].map((bytes) => rounded(bytes / MIB, 1));
  const chunks = Math.floor(world.length / CHUNK_BYTES);
  return [
    'Version: 1.21.5',
    `Uptime: ${days} days, ${hours % 24} hours, ${minutes % 60} minutes, ${upSeconds % 60} seconds`,
    `Players last online: ${lastOnlineSeconds} seconds ago`,
    `Players online: ${players.length} / 16${names}`,
    'Players in queue: 0 / 8',
    `Memory usage Managed/Total: ${inCulture(managedMb)}Mb / ${inCulture(totalMb)} Mb`,
    ...tickFields(),
    `Loaded chunks: ${chunks}`,
    `Loaded entities: ${Math.floor(chunks / 10)} (${players.length * 12} active)`,
    `Network TCP: ${players.length * 20} Packets/s or ${players.length * 3} Kb/s`,
    `Network UDP: ${players.length * 30} Packets/s or ${players.length * 2} Kb/s`,
  ].join(';');
}

const rounded = (value, digits) => Number(value.toFixed(digits));
const inCulture = (value) => value.toLocaleString(culture, { useGrouping: false });

function answerStats() {
  if (fault === 'silent') return;
  const answer = () => log(statsLine(), 'Notification');
  if (fault === 'late') setTimeout(answer, LATE_ANSWER_MS);
  else answer();
  if (fault === 'twice') answer();
}

function handleCommand(line) {
  const command = line.trim();
  if (command === '') return;
  log(`Handling Console Command ${command}`, 'Notification');
  if (command === '/stop') stop('Shutdown through the console');
  else if (command === '/stats compact') answerStats();
  else log(`No such command: ${command}`, 'Notification');
}

function stop(reason) {
  if (stopping) return;
  stopping = true;
  log('Server is stopping, saving the world...');
  setTimeout(() => {
    if (saveFile) writeFileSync(saveFile, 'saved\n');
    log('World saved.');
    log(`Stop reason: ${reason}`);
    process.exit(0);
  }, saveMs);
}

process.on('SIGTERM', () => stop('SIGTERM received'));
process.on('SIGINT', () => stop('SIGINT received'));
// The manager may be gone (EPIPE, ECONNRESET): a game goes on without anyone at its console.
process.stdout.on('error', () => {});
createInterface({ input: process.stdin })
  .on('line', handleCommand)
  .on('error', () => {});

log('Sample server, version 1.21.5: an example, not the game', 'Notification');
log(`Loading ${WORLD_BYTES / CHUNK_BYTES} chunks...`);
tick();
setInterval(moveWorldTowardsPlayers, 1000);
setTimeout(() => {
  if (stopping || fault === 'never-ready') return;
  log('Dedicated Server now running on Port 42420 and all ips!');
  setTimeout(playerJoinsOrLeaves, 2000);
  // A constant load stays constant.
  if (fixedLoadPercent === null) {
    setTimeout(lag, FIRST_LAG_MS);
    setTimeout(autosave, FIRST_AUTOSAVE_MS);
  }
  if (fault === 'flood') setInterval(flood, 100);
}, 1000);
