// npm run screenshot: makes docs/page.png, a picture of the real page after MINUTES of the sample server, with a crash in
// between.
import { chromium } from 'playwright-core';
import { ADMIN_KEY, ApiProcess } from '../src/testing/api-process.mjs';
import { sleep } from '../bench/lib.mjs';
import { resolve } from 'node:path';

const MINUTES = 5;

const app = await ApiProcess.start({
  VS_DATA_DIR: '',
  VS_METRICS_INTERVAL: '1',
  VS_METRICS_CAPACITY: '3600',
  VS_SERVER_COMMAND: `${process.execPath} ${resolve('examples/sample-server.mjs')}`,
  VS_SERVER_AUTOSTART: 'true',
  VS_SERVER_STATS_INTERVAL: '5',
  VS_SERVER_NAME: 'Friends of the Forest',
});
await sleep(MINUTES * 40_000);
process.kill((await app.data('server/status')).pid, 'SIGKILL');
await sleep(15_000);
await app.request('api/v1alpha1/server/start', { method: 'POST' });
await sleep(MINUTES * 20_000 - 15_000);

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
});
const page = await browser.newPage({ viewport: { width: 1100, height: 1500 } });
await page.goto(`${app.url}?range=all#key=${ADMIN_KEY}`);
await page.waitForSelector('#live[data-state=live]');
await page.hover('#memory-chart .u-over', { position: { x: 600, y: 100 } });
await sleep(1500);
await page.screenshot({ path: 'docs/page.png' });
await browser.close();
await app.end();
