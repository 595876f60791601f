// Measures the archive; run `npm run build` first. Every figure has its counterpart from the same run beside it.
// Usage: node bench/archive.mjs [days=30] [dist/main.js of the build to compare the HTTP side with]

import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { ArchiveClient } from '../build/history/sqlite/archive-client.js';
import { ArchiveWriter } from '../build/history/sqlite/archive-writer.js';
import { bucketWidthMs } from '../build/history/metrics-bucket.js';
import { SERIES_NAMES } from '../build/metrics/series.js';
import { ADMIN_KEY, ApiProcess } from '../src/testing/api-process.mjs';

const DAYS = Number(process.argv[2] ?? 30);
const DAY_MS = 86_400_000;
const KEEP_DAYS = 3650;
const CHECKPOINT = { checkpoint: true, untilMs: Infinity };
const folder = mkdtempSync(join(tmpdir(), 'vsm-bench-'));
const kb = (bytes) => `${(bytes / 1024).toFixed(0)} KiB`;

function sample(timeMs, i) {
  return {
    timestamp: new Date(timeMs),
    // All of them have a value, as beside a Vintage Story server.
    ...Object.fromEntries(SERIES_NAMES.map((name, k) => [name, ((i * 37 + k * 1000) % 15_000) / 100])),
    apiMemoryMb: Math.round(12_000 + 2000 * Math.sin(i / 500)) / 100,
    apiCpuPercent: (i % 900) / 100,
    gameMemoryMb: Math.round(400_000 + 100_000 * Math.cos(i / 3000)) / 100,
  };
}

function quantiles(ms) {
  const sorted = [...ms].sort((a, b) => a - b);
  const at = (q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
  return `median ${at(0.5).toFixed(3)} ms, p99 ${at(0.99).toFixed(3)} ms, worst ${sorted.at(-1).toFixed(3)} ms`;
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

async function benchAppend() {
  console.log('\n# One append');
  const writer = new ArchiveWriter(join(folder, 'append.db'));
  const client = new ArchiveClient(join(folder, 'append.db'), KEEP_DAYS);
  const plain = openSync(join(folder, 'append.log'), 'a');
  const [archiveMs, plainMs] = [[], []];
  for (let i = 0; i < 20_000; i++) {
    const snapshot = sample(Date.now() + i * 1000, i);
    let startMs = performance.now();
    writeSync(plain, `${JSON.stringify(snapshot)}\n`);
    plainMs.push(performance.now() - startMs);
    startMs = performance.now();
    writer.write([snapshot]);
    archiveMs.push(performance.now() - startMs);
    if (i % 500 === 499) {
      await client.call('maintain', CHECKPOINT);
    }
  }
  await client.close();
  closeSync(plain);
  console.log(`archive:    ${quantiles(archiveMs)}`);
  console.log(`plain file: ${quantiles(plainMs)}`);
  console.log(`ratio of medians: ${(median(archiveMs) / median(plainMs)).toFixed(1)}`);
}

function fill(file, intervalMs, days) {
  const writer = new ArchiveWriter(file);
  const endMs = Date.now();
  const count = Math.floor((days * DAY_MS) / intervalMs);
  let batch = [];
  for (let i = 0; i < count; i++) {
    batch.push(sample(endMs - (count - i) * intervalMs, i));
    if (batch.length === 10_000 || i === count - 1) {
      writer.write(batch);
      batch = [];
    }
  }
  return count;
}

async function benchQueries(intervalMs) {
  const file = join(folder, `queries-${intervalMs}.db`);
  const count = fill(file, intervalMs, DAYS);
  const client = new ArchiveClient(file, KEEP_DAYS);
  await client.call('maintain', CHECKPOINT);
  console.log(`\n# ${DAYS} days at ${intervalMs / 1000} s: ${count} raw rows, ${kb(statSync(file).size)}`);
  const nowMs = Date.now();
  const lastHour = { fromMs: nowMs - 3_600_000, toMs: nowMs };
  const all = { fromMs: nowMs - DAYS * DAY_MS, toMs: nowMs };
  const medians = {};
  medians.hour = await time('the last hour, raw', 200, () =>
    client.call('samples', { span: lastHour, limit: 100_000 }),
  );
  const hourWidth = bucketWidthMs(lastHour, 500);
  medians.hour500 = await time('the last hour in 500 points', 200, () =>
    client.call('buckets', { span: lastHour, widthMs: hourWidth }),
  );
  const allWidth = bucketWidthMs(all, 500);
  medians.all500 = await time(`${DAYS} days in 500 points`, 200, () =>
    client.call('buckets', { span: all, widthMs: allWidth }),
  );
  await client.close();
  return medians;
}

async function time(name, runs, query) {
  const loop = monitorEventLoopDelay({ resolution: 1 });
  const ms = [];
  await query();
  loop.enable();
  for (let i = 0; i < runs; i++) {
    const startMs = performance.now();
    await query();
    ms.push(performance.now() - startMs);
  }
  loop.disable();
  const p99 = (loop.percentile(99) / 1e6).toFixed(1);
  console.log(
    `${name}: ${quantiles(ms)}; event loop: p99 ${p99} ms, worst ${(loop.max / 1e6).toFixed(1)} ms`,
  );
  return median(ms);
}

function benchYear() {
  console.log('\n# A year on disk');
  const file = join(folder, 'year.db');
  const writer = new ArchiveWriter(file);
  const startMs = Date.now() - 365 * DAY_MS;
  let batch = [];
  // One sample a minute makes the same minute rows as any other interval; their samples are dropped below.
  for (let minute = 0; minute < 365 * 1440; minute++) {
    batch.push(sample(startMs + minute * 60_000, minute));
    if (batch.length === 10_000) {
      writer.write(batch);
      batch = [];
    }
  }
  writer.write(batch);
  return compact(file, startMs + 365 * DAY_MS);
}

async function compact(file, endMs) {
  const { openConnection } = await import('../build/history/sqlite/sqlite.js');
  const db = openConnection(file);
  db.exec('DELETE FROM sample; PRAGMA wal_checkpoint(TRUNCATE); VACUUM; PRAGMA wal_checkpoint(TRUNCATE)');
  const minutes = statSync(file).size;
  console.log(`minute rows: ${(minutes / 1e6).toFixed(1)} MB`);
  const writer = new ArchiveWriter(join(folder, 'raw.db'));
  const perDay = [];
  for (let i = 0; i < 2 * 8640; i += 8640) {
    writer.write(Array.from({ length: 8640 }, (_, n) => sample(endMs + (i + n) * 10_000, n)));
    const client = new ArchiveClient(join(folder, 'raw.db'), KEEP_DAYS);
    await client.close();
    perDay.push(statSync(join(folder, 'raw.db')).size);
  }
  console.log(`two days of raw rows at 10 s: ${(perDay[1] / 1e6).toFixed(2)} MB`);
}

function startApp(main, env) {
  return ApiProcess.start({ VS_METRICS_INTERVAL: '0.1', ...env }, folder, {
    command: [process.execPath, main],
  });
}

async function get(url, path) {
  const response = await fetch(`${url}api/v1alpha1/${path}`, { headers: { 'x-api-key': ADMIN_KEY } });
  return response.text();
}

async function benchMemory(main) {
  console.log('\n# Memory of the app after 30 s at 0.1 s and some queries');
  for (const dataDir of ['', join(folder, 'memory')]) {
    const app = await startApp(main, { VS_DATA_DIR: dataDir });
    for (let i = 0; i < 30; i++) {
      await new Promise((done) => setTimeout(done, 1000));
      await get(app.url, 'metrics/history?minutes=60&points=500');
    }
    const { data } = JSON.parse(await get(app.url, 'metrics/current'));
    console.log(`${dataDir === '' ? 'without' : 'with'} the archive: ${data.apiMemoryMb} MiB`);
    await app.end();
  }
}

async function benchHttp(main, mainBefore) {
  console.log('\n# Raw history of 360 samples over HTTP, 8 clients, both apps running, in turns');
  const mains = mainBefore === undefined ? { now: main } : { before: mainBefore, now: main };
  const apps = {};
  for (const [name, each] of Object.entries(mains)) {
    apps[name] = await startApp(each, { VS_DATA_DIR: join(folder, name) });
  }
  await new Promise((done) => setTimeout(done, 40_000));
  const rates = Object.fromEntries(Object.keys(apps).map((name) => [name, []]));
  for (let round = 0; round < 7; round++) {
    for (const [name, { url }] of Object.entries(apps)) {
      let requests = 0;
      const startMs = performance.now();
      const client = async () => {
        for (; performance.now() - startMs < 3000; requests++) await get(url, 'metrics/history');
      };
      await Promise.all(Array.from({ length: 8 }, client));
      rates[name].push((1000 * requests) / (performance.now() - startMs));
    }
  }
  for (const name of Object.keys(apps))
    console.log(`${name}: median ${median(rates[name]).toFixed(0)} requests/s`);
  if ('before' in apps) console.log(`ratio: ${(median(rates.now) / median(rates.before)).toFixed(2)}`);
  for (const app of Object.values(apps)) await app.end();
}

try {
  await benchAppend();
  const ten = await benchQueries(10_000);
  const one = await benchQueries(1000);
  for (const name of Object.keys(ten)) {
    console.log(`${name}: 10 × the rows cost ${(one[name] / ten[name]).toFixed(1)} × the time`);
  }
  await benchYear();
  const main = resolve('dist/main.js');
  await benchMemory(main);
  await benchHttp(main, process.argv[3]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
