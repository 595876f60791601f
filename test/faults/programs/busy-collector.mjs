// Samples a busy process while this one is held up: by hashing in the thread pool, or by blocking its event loop for
// SECONDS; prints the samples, and how many hashes were done by then.
import { pbkdf2 } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';

const [metrics, engine, pid, fault, seconds] = process.argv.slice(2);
const { ProcessSampler } = await import(`${metrics}/process-sampler.js`);
const { LinuxReader } = await import(`${metrics}/linux-reader.js`);
const { PidusageReader } = await import(`${metrics}/pidusage-reader.js`);
Logger.overrideLogger(false);

const reader = engine === 'native' ? new LinuxReader() : new PidusageReader();
await reader.onModuleInit?.();
const sampler = new ProcessSampler(reader);
const samples = [];
let hashesDone = 0;
async function sample() {
  const usage = await sampler.sampleGame(Number(pid));
  samples.push({ ...usage, hashesDone });
}

await sample();
await delay(300);
if (fault === 'pool') {
  for (let i = 0; i < 8; i++) pbkdf2('x', 'y', 400_000, 64, 'sha512', () => hashesDone++);
  await sample();
} else {
  const pending = sample();
  const untilMs = performance.now() + Number(seconds) * 1000;
  while (performance.now() < untilMs);
  await pending;
}
await sample();
await delay(500);
await sample();
console.log(JSON.stringify(samples));
process.exit(0);
