// Runs as the first process of a pid namespace of its own. A process is replaced by another with the same pid, once with
// a sample between the two and once without; prints what the sampler said.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';

const [build, engine] = process.argv.slice(2);
const { ProcessSampler } = await import(`${build}/metrics/process-sampler.js`);
const { LinuxReader } = await import(`${build}/process/linux/linux-reader.js`);
const { PidusageReader } = await import(`${build}/process/pidusage-reader.js`);
Logger.overrideLogger(false);

const BUSY = ['sh', ['-c', 'while :; do :; done']];
const IDLE = ['sleep', ['60']];

async function run([program, args], pid) {
  if (pid !== undefined) writeFileSync('/proc/sys/kernel/ns_last_pid', String(pid - 1));
  const child = spawn(program, args, { stdio: 'ignore' });
  await once(child, 'spawn');
  return child;
}

async function end(child) {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

const reader = engine === 'native' ? new LinuxReader() : new PidusageReader();
await reader.onModuleInit?.();
const sampler = new ProcessSampler(reader);
const busy = await run(BUSY);
await delay(600);
const first = await sampler.sampleGame(busy.pid);
await delay(400);
const second = await sampler.sampleGame(busy.pid);
const totalBefore = sampler.gameCpuTotalMs;
await end(busy);

const idle = await run(IDLE, busy.pid);
await delay(500);
const replaced = await sampler.sampleGame(idle.pid);
const totalAfter = sampler.gameCpuTotalMs;
await end(idle);

let [again, young] = [];
for (let tookMs = Infinity; tookMs > 150;) {
  // A busy machine may let the reading come late: then another one is asked.
  if (again !== undefined) await end(again);
  const beganMs = performance.now();
  again = await run(BUSY, busy.pid);
  young = await sampler.sampleGame(again.pid);
  tookMs = performance.now() - beganMs;
}
await delay(600);
const grown = await sampler.sampleGame(again.pid);
await end(again);

console.log(
  JSON.stringify({
    samePid: busy.pid === idle.pid && idle.pid === again.pid,
    first,
    second,
    replaced,
    young,
    grown,
    totalBefore,
    totalAfter,
  }),
);
