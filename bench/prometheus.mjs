// What a scrape costs, and what prom-client's default metrics cost an application that is otherwise idle. Linux.
//   npm run build && node bench/prometheus.mjs [seconds of each idle window, 60]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const windowSeconds = Number(process.argv[2] ?? 60);
const SCRAPES = 500;
const key = 'key-of-the-bench';

const api = spawn(process.execPath, ['dist/main.js'], {
  env: {
    ...process.env,
    VS_API_PORT: '0',
    VS_API_KEY_ADMIN: key,
    VS_DATA_DIR: '',
    VS_SERVER_COMMAND: `${process.execPath} examples/sample-server.mjs`,
    VS_SERVER_AUTOSTART: 'true',
  },
  stdio: ['ignore', 'pipe', 'inherit'],
});
let output = '';
api.stdout.on('data', (chunk) => (output += chunk));

/** User and system time, in ms (ticks of 10 ms). */
function cpuMs() {
  const stat = readFileSync(`/proc/${api.pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function idleCpuMsPerMinute() {
  const before = cpuMs();
  await sleep(windowSeconds * 1000);
  return ((cpuMs() - before) * 60) / windowSeconds;
}

try {
  while (!/http:\S+/.test(output)) await sleep(50);
  const url = new URL('metrics', /Vintage Story metrics: (http:\S+)/.exec(output)[1]);
  const scrape = async () => (await fetch(url, { headers: { authorization: `Bearer ${key}` } })).text();
  // The work after a start (compiling, collecting garbage) goes on for a while.
  await sleep(60_000);

  const without = await idleCpuMsPerMinute();
  const text = await scrape();
  await sleep(5_000);
  const withDefaults = await idleCpuMsPerMinute();

  for (let i = 0; i < 50; i++) await scrape();
  const times = [];
  const before = cpuMs();
  for (let i = 0; i < SCRAPES; i++) {
    const startedAtMs = performance.now();
    await scrape();
    times.push(performance.now() - startedAtMs);
  }
  const scrapeCpuMs = (cpuMs() - before) / SCRAPES;
  times.sort((a, b) => a - b);
  const own = text
    .split('\n')
    .filter((line) => line.includes('vintagestory_'))
    .join('\n');
  console.log(`a scrape: ${text.length} bytes (${own.length} of them our own metrics)`);
  console.log(
    `  time: median ${times[SCRAPES / 2].toFixed(2)} ms, 99 % ${times[SCRAPES * 0.99].toFixed(2)} ms`,
  );
  console.log(`  CPU: ${scrapeCpuMs.toFixed(2)} ms`);
  console.log(`an idle application: ${without.toFixed(0)} ms of CPU a minute before the first scrape,`);
  console.log(`  ${withDefaults.toFixed(0)} ms a minute after it, without further scrapes`);
} finally {
  api.kill('SIGTERM');
  await once(api, 'exit');
}
