// Samples a busy process while this one is held up: by hashing in the thread pool, or by blocking its event loop for
// SECONDS; prints the samples, how many hashes were done by then, and what the kernel had counted around each sample.
import { pbkdf2 } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';

const [build, engine, pid, fault, seconds] = process.argv.slice(2);
const { ProcessSampler } = await import(`${build}/metrics/process-sampler.js`);
const { LinuxReader } = await import(`${build}/process/linux/linux-reader.js`);
const { PidusageReader } = await import(`${build}/process/pidusage-reader.js`);
Logger.overrideLogger(false);

const reader = engine === 'native' ? new LinuxReader() : new PidusageReader();
await reader.onModuleInit?.();
const sampler = new ProcessSampler(reader);
const samples = [];
let hashesDone = 0;

function kernelCpuMs() {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function sample() {
  const before = { atMs: performance.now(), cpuMs: kernelCpuMs() };
  const usage = await sampler.sampleGame(Number(pid));
  const mark = {
    // User and system time are each cut to whole ticks.
    cpuMs: [before.cpuMs, kernelCpuMs() + 20],
    atMs: [before.atMs, performance.now()],
    waitedMs: 0,
  };
  samples.push({ ...usage, hashesDone, mark });
}

await sample();
await delay(500);
if (fault === 'pool') {
  for (let i = 0; i < 8; i++) pbkdf2('x', 'y', 400_000, 64, 'sha512', () => hashesDone++);
  await sample();
} else {
  const pending = sample();
  const untilMs = performance.now() + Number(seconds) * 1000;
  while (performance.now() < untilMs);
  await pending;
}
// A shorter window would reach back to the sample before.
await delay(500);
await sample();
await delay(500);
await sample();
console.log(JSON.stringify(samples));
process.exit(0);
