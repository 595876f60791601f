import { resolve } from 'node:path';
import { ADMIN_KEY, ApiProcess } from '../src/testing/api-process.mjs';
import { cpuSeconds, median, sleep } from './lib.mjs';

const SCRAPES = 500;
const IDLE_MS = 60_000;

/** What a scrape costs, and what prom-client's default metrics cost an application that is otherwise idle. Linux. */
export async function prometheus() {
  const app = await ApiProcess.start({
    VS_DATA_DIR: '',
    VS_SERVER_COMMAND: `${process.execPath} ${resolve('examples/sample-server.mjs')}`,
    VS_SERVER_AUTOSTART: 'true',
  });
  const scrape = async () => {
    // As Prometheus asks.
    const headers = { authorization: `Bearer ${ADMIN_KEY}`, 'accept-encoding': 'gzip' };
    return (await fetch(new URL('metrics', app.url), { headers })).text();
  };
  // The work after a start (compiling, collecting garbage) goes on for a while.
  await sleep(IDLE_MS);
  const without = await idleCpuMs(app);
  const text = await scrape();
  await sleep(5_000);
  const withDefaults = await idleCpuMs(app);

  for (let i = 0; i < 50; i++) await scrape();
  const times = [];
  const before = cpuMs(app);
  for (let i = 0; i < SCRAPES; i++) {
    const startedAtMs = performance.now();
    await scrape();
    times.push(performance.now() - startedAtMs);
  }
  const scrapeCpuMs = (cpuMs(app) - before) / SCRAPES;
  const own = text
    .split('\n')
    .filter((line) => line.includes('vintagestory_'))
    .join('\n');
  console.log(`\nprometheus`);
  console.log(`  a scrape: ${text.length} bytes before compression, ${own.length} of them our own metrics;`);
  console.log(`    ${median(times).toFixed(2)} ms, ${scrapeCpuMs.toFixed(2)} ms of CPU`);
  console.log(
    `  idle for a minute before the first scrape: ${without} ms of CPU; after it: ${withDefaults} ms`,
  );
  await app.end();
}

async function idleCpuMs(app) {
  const before = cpuMs(app);
  await sleep(IDLE_MS);
  return cpuMs(app) - before;
}

const cpuMs = (app) => Math.round(cpuSeconds(app.pid) * 1000);
