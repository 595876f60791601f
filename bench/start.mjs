// How soon the application listens, and what it holds once it is at rest: as multiples of a bare Node HTTP server's, in one run.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiProcess } from '../src/testing/api-process.mjs';
import { median, printed, rssMb, sleep, spread, start, stop, table } from './lib.mjs';

const LAUNCHES = 9;
const REST_S = 75;

/** A server that answers nothing; `launchMs` is how long it took until it listened. */
export async function startBare() {
  const launchedAtMs = performance.now();
  const bare = start(process.execPath, [
    '-e',
    'require("http").createServer((q, s) => s.end()).listen(0, "127.0.0.1", () => console.log("up"))',
  ]);
  await printed(bare, /up/);
  return Object.assign(bare, { launchMs: performance.now() - launchedAtMs });
}

async function startApp(dataDir) {
  const launchedAtMs = performance.now();
  const app = await ApiProcess.start({ VS_DATA_DIR: dataDir });
  return Object.assign(app.child, { launchMs: performance.now() - launchedAtMs });
}

export async function startCost() {
  const folder = mkdtempSync(join(tmpdir(), 'vsm-bench-'));
  const programs = {
    'a bare Node HTTP server': startBare,
    'the application': () => startApp(join(folder, 'data')),
    'the application, no history': () => startApp(''),
  };
  const launchMs = Object.fromEntries(Object.keys(programs).map((name) => [name, []]));
  for (let i = 0; i < LAUNCHES; i++) {
    for (const [name, launch] of Object.entries(programs)) {
      const child = await launch();
      launchMs[name].push(child.launchMs);
      await stop(child);
    }
  }
  const children = [];
  for (const launch of Object.values(programs)) children.push(await launch());
  await sleep(REST_S * 1000);
  const memoryMb = children.map(({ pid }) => rssMb(pid));
  for (const child of children) await stop(child);
  rmSync(folder, { recursive: true });

  const bareMs = median(launchMs['a bare Node HTTP server']);
  table(`From launch to listening, and memory after ${REST_S} s at rest`, [
    ['', 'ms', ': bare', 'MiB', ': bare'],
    ...Object.entries(launchMs).map(([name, times], i) => [
      name,
      spread(times, 0),
      (median(times) / bareMs).toFixed(1),
      memoryMb[i].toFixed(0),
      (memoryMb[i] / memoryMb[0]).toFixed(2),
    ]),
  ]);
}
