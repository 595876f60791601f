// The page: its weight over the wire, how long its charts take, and what open streams cost the application.
/* global AbortController, document, requestAnimationFrame, PerformanceObserver -- the parts that run in the browser */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { ArchiveWriter } from '../build/history/sqlite/archive-writer.js';
import { SERIES_NAMES } from '../build/metrics/series.js';
import { ADMIN_KEY, ApiProcess } from '../src/testing/api-process.mjs';
import { cpuSeconds, median, rssMb, sleep, table } from './lib.mjs';

const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
const POINTS = 8640;
const STREAMS = 500;
const WINDOW_S = 20;
/** A day at 1 s, as many samples as the memory is often given. */
const DAY_SAMPLES = 86_400;

async function weight(page, app) {
  const sizes = [];
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  session.on('Network.loadingFinished', ({ encodedDataLength }) => sizes.push(encodedDataLength));
  await page.goto(app.url, { waitUntil: 'networkidle' });
  return { requests: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

/** The page's own chart, for the browser to run: it leaves `Chart`, `CHARTS` and `toTimeline`. */
async function chartScript() {
  const { outputFiles } = await build({
    stdin: {
      contents: `import { Chart } from './chart.js';
        import { CHARTS } from './charts.js';
        import { toTimeline } from './timeline.js';
        Object.assign(globalThis, { Chart, CHARTS, toTimeline });`,
      resolveDir: 'build/page/client',
    },
    bundle: true,
    minify: true,
    write: false,
  });
  return outputFiles[0].text;
}

/** Runs in the browser: draws a chart of so many points and appends one, again and again. */
async function draw(points) {
  const { Chart, CHARTS, toTimeline } = globalThis;
  document.getElementById('dashboard').hidden = false;
  const chart = new Chart(
    document.getElementById('charts'),
    CHARTS.find(({ id }) => id === 'memory'),
    () => undefined,
    new AbortController().signal,
  );
  const samples = Array.from({ length: points }, (_, i) => ({
    time: 1e9 + i * 10,
    apiMemoryMb: 100 + Math.random() * 10,
    gameMemoryMb: i % 500 < 5 ? null : 900 + Math.random() * 50,
  }));
  const timed = async () => {
    const began = performance.now();
    const span = { from: 1e9, to: 1e9 + (samples.length - 1) * 10 };
    const timeline = toTimeline(samples, span, 10);
    chart.draw({ timeline, span, markers: [], bands: [], limit: null });
    await null;
    await null;
    return performance.now() - began;
  };
  const first = await timed();
  const appended = [];
  for (let i = 0; i < 30; i++) {
    samples.push({ ...samples.at(-1), time: 1e9 + samples.length * 10 });
    appended.push(await timed());
    await new Promise(requestAnimationFrame);
  }
  return { first, appended };
}

/** Fills the archive of a folder with a day of samples up to now, one a second. */
function seedDay(folder) {
  const writer = new ArchiveWriter(join(folder, 'metrics.db'));
  const endMs = Date.now();
  for (let first = 0; first < DAY_SAMPLES; first += 10_000) {
    writer.write(
      Array.from({ length: Math.min(10_000, DAY_SAMPLES - first) }, (_, i) => ({
        timestamp: new Date(endMs - (DAY_SAMPLES - first - i) * 1000),
        ...Object.fromEntries(SERIES_NAMES.map((name) => [name, Math.random() * 100])),
        apiMemoryMb: 100 + Math.random() * 10,
        apiCpuPercent: Math.random() * 2,
        gameMemoryMb: 900 + Math.random() * 50,
        gameCpuPercent: 100 + Math.random() * 50,
      })),
    );
  }
  writer.close();
}

/** Runs in the browser, before the page: notes the longest task of the main thread (ms; the browser tells from 50 on). */
function noteLongTasks() {
  globalThis.longestTask = 0;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries())
      globalThis.longestTask = Math.max(globalThis.longestTask, duration);
  }).observe({ type: 'longtask', buffered: true });
}

/** How much CPU time the page's main thread takes, in percent, and its longest task, in ms, during `work`. */
async function mainThread(session, tab, work) {
  const busySeconds = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration').value;
  };
  await tab.evaluate(() => (globalThis.longestTask = 0));
  const [startedAt, before] = [performance.now(), await busySeconds()];
  await work();
  const [busy, passed] = [(await busySeconds()) - before, (performance.now() - startedAt) / 1000];
  return {
    busy: `${((100 * busy) / passed).toFixed(1)} %`,
    longest: await tab.evaluate(() => globalThis.longestTask.toFixed(0).replace(/^0$/, '< 50')),
  };
}

/** A day of samples in memory, one more each second: what the real page costs the browser. */
async function day(browser) {
  const folder = mkdtempSync(join(tmpdir(), 'vsm-bench-day-'));
  seedDay(folder);
  const app = await ApiProcess.start({
    VS_METRICS_INTERVAL: '1',
    // More than there are: all that were ever taken are in memory.
    VS_METRICS_CAPACITY: String(DAY_SAMPLES + 1000),
    VS_DATA_DIR: folder,
  });
  const rows = [['range', 'while it loads: busy', 'longest task, ms', 'then: busy', 'longest task, ms']];
  for (const range of ['15m', '1h', '24h', 'all']) {
    const tab = await browser.newPage();
    const session = await tab.context().newCDPSession(tab);
    // The thread's own CPU time: what else runs on the machine does not count.
    await session.send('Performance.enable', { timeDomain: 'threadTicks' });
    await tab.addInitScript(noteLongTasks);
    await tab.goto(app.url);
    const loading = await mainThread(session, tab, async () => {
      await tab.goto(`${app.url}?range=${range}#key=${ADMIN_KEY}`);
      await tab.waitForSelector('#live[data-state=live]', { timeout: 60_000 });
      await sleep(3000);
    });
    const living = await mainThread(session, tab, () => sleep(WINDOW_S * 1000));
    rows.push([range, loading.busy, loading.longest, living.busy, living.longest]);
    await tab.close();
  }
  table(`The page with ${DAY_SAMPLES} samples in memory and one more each second`, rows);
  await app.end();
  rmSync(folder, { recursive: true, force: true });
}

function openStream(url) {
  return new Promise((resolve, reject) => {
    get(`${url}api/v1alpha1/metrics/stream`, { headers: { 'x-api-key': ADMIN_KEY } }, (response) => {
      response.resume();
      resolve(response);
    }).on('error', reject);
  });
}

async function cpuShare(pid) {
  const before = cpuSeconds(pid);
  await sleep(WINDOW_S * 1000);
  return (100 * (cpuSeconds(pid) - before)) / WINDOW_S;
}

export async function page() {
  const app = await ApiProcess.start({ VS_DATA_DIR: '', VS_METRICS_INTERVAL: '1' });
  if (existsSync(CHROMIUM)) {
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    });
    const tab = await browser.newPage();
    const { requests, bytes } = await weight(tab, app);
    await tab.evaluate(await chartScript());
    const { first, appended } = await tab.evaluate(draw, POINTS);
    table('The page', [
      ['weight over the wire, KB', (bytes / 1000).toFixed(1)],
      ['requests', requests],
      [`${POINTS} points drawn, scripting ms`, first.toFixed(1)],
      ['one appended, scripting ms, median', median(appended).toFixed(1)],
    ]);
    await day(browser);
    await browser.close();
  } else {
    console.log(`\nSKIPPED: no browser at ${CHROMIUM}`);
  }
  await sleep(2000);
  const [idleShare, idleMb] = [await cpuShare(app.pid), rssMb(app.pid)];
  const streams = [];
  for (let i = 0; i < STREAMS; i++) streams.push(await openStream(app.url));
  await sleep(3000);
  const [share, mb] = [await cpuShare(app.pid), rssMb(app.pid)];
  table(`${STREAMS} open streams, 1 s interval`, [
    ['CPU, % of a core, without and with', `${idleShare.toFixed(2)} → ${share.toFixed(2)}`],
    ['memory a stream, KB', (((mb - idleMb) * 1024) / STREAMS).toFixed(1)],
  ]);
  for (const stream of streams) stream.destroy();
  await app.end();
}
