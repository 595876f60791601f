// The page: its weight over the wire, how long its charts take, and what open streams cost the application.
/* global document, requestAnimationFrame -- the parts that run in the browser */
import { existsSync } from 'node:fs';
import { get } from 'node:http';
import { chromium } from 'playwright-core';
import { cpuSeconds, KEY, median, rssMb, sleep, startApp, stop, table } from './lib.mjs';

const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
const POINTS = 8640;
const STREAMS = 500;
const WINDOW_S = 20;

async function weight(page, app) {
  const sizes = [];
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  session.on('Network.loadingFinished', ({ encodedDataLength }) => sizes.push(encodedDataLength));
  await page.goto(app.url, { waitUntil: 'networkidle' });
  return { requests: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

/** Runs in the browser: draws a chart of so many points and appends one, again and again. */
async function draw(points) {
  const [{ Chart }, { toSeries }] = await Promise.all([import('/chart.js'), import('/series.js')]);
  document.getElementById('dashboard').hidden = false;
  const chart = new Chart(document.getElementById('memory-chart'), 'Memory', String);
  const samples = Array.from({ length: points }, (_, i) => ({
    timestamp: new Date(1e12 + i * 10_000).toISOString(),
    apiMemoryMb: 100 + Math.random() * 10,
    gameMemoryMb: i % 500 < 5 ? null : 900 + Math.random() * 50,
  }));
  const timed = async () => {
    const began = performance.now();
    const [from, to] = [1e9, 1e9 + (samples.length - 1) * 10];
    chart.draw(toSeries(samples, { from, to }, 10, 'apiMemoryMb', 'gameMemoryMb'), from, to);
    await null;
    await null;
    return performance.now() - began;
  };
  const first = await timed();
  const appended = [];
  for (let i = 0; i < 30; i++) {
    samples.push({ ...samples.at(-1), timestamp: new Date(1e12 + samples.length * 10_000).toISOString() });
    appended.push(await timed());
    await new Promise(requestAnimationFrame);
  }
  return { first, appended };
}

function openStream(url) {
  return new Promise((resolve, reject) => {
    get(`${url}api/v1alpha1/metrics/stream`, { headers: { 'x-api-key': KEY } }, (response) => {
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
  const app = await startApp({ VS_METRICS_INTERVAL: '1' });
  if (existsSync(CHROMIUM)) {
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    });
    const tab = await browser.newPage();
    const { requests, bytes } = await weight(tab, app);
    const { first, appended } = await tab.evaluate(draw, POINTS);
    table('The page', [
      ['weight over the wire, KB', (bytes / 1000).toFixed(1)],
      ['requests', requests],
      [`${POINTS} points drawn, scripting ms`, first.toFixed(1)],
      ['one appended, scripting ms, median', median(appended).toFixed(1)],
    ]);
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
  await stop(app);
}
