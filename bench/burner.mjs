// A process of known load: burns PERCENT of a core in each of THREADS threads and notes, on a clock that all processes
// share, how much CPU time it has used. At the end of its input it prints its notes.
import { isMainThread, Worker } from 'node:worker_threads';

const SLICE_MS = 2;
const percent = Number(process.argv[2]);
const threads = Number(process.argv[3] ?? 1);
const notes = [];

function note() {
  const { user, system } = process.cpuUsage();
  notes.push([Number(process.hrtime.bigint()) / 1e6, (user + system) / 1000]);
}

function burn() {
  const untilMs = performance.now() + (SLICE_MS * percent) / 100;
  while (performance.now() < untilMs);
  if (isMainThread) note();
  if (percent >= 100) setImmediate(burn);
  else setTimeout(burn, SLICE_MS - (SLICE_MS * percent) / 100);
}

if (isMainThread) {
  for (let i = 1; i < threads; i++) new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) });
  process.stdin.on('data', () => {
    process.stdout.write(`${JSON.stringify(notes)}\n`, () => process.exit(0));
  });
}
burn();
