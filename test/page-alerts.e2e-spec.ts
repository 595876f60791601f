import { afterAll, beforeAll, expect, it } from '@jest/globals';
import axe from 'axe-core';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Browser } from 'playwright-core';
import { ADMIN_KEY, ApiProcess } from '../src/testing/api-process.mjs';
import { describeWith } from '../src/testing/components.js';
import { isAlive } from '../src/testing/kernel.js';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { waitFor } from '../src/testing/wait-for.js';
import { WebhookReceiver } from '../src/testing/webhook-receiver.js';
import { CHROMIUM, launchBrowser, WatchedPage } from './support/browser.js';

const WIDTH = 390;

describeWith('Chromium', CHROMIUM)('alerts, on the page', () => {
  const folder = temporaryFolder();
  let browser: Browser;
  let receiver: WebhookReceiver;
  let api: ApiProcess;
  let watched: WatchedPage;
  /** What the receiver answers from now on. */
  let status = 204;

  beforeAll(async () => {
    // The sample server needs more than half of it, and less than 90 %.
    writeFileSync(join(folder.path, 'serverconfig.json'), '{ "DieAboveMemoryUsageMb": 150 }');
    receiver = await WebhookReceiver.start([(response) => response.writeHead(status).end()]);
    [browser, api] = await Promise.all([
      launchBrowser(),
      ApiProcess.start(
        {
          VS_METRICS_INTERVAL: '0.5',
          VS_DATA_DIR: join(folder.path, 'data'),
          VS_SERVER_COMMAND: `"${process.execPath}" "${resolve('examples/sample-server.mjs')}"`,
          VS_SERVER_AUTOSTART: 'true',
          VS_SERVER_DATA_PATH: folder.path,
          VS_SERVER_STATS_INTERVAL: '0',
          VS_ALERT_WEBHOOK: receiver.address().href,
          VS_ALERT_FOR: '1',
          VS_ALERT_CPU_PERCENT: '1',
          SAMPLE_LOAD_PERCENT: '20',
        },
        folder.path,
      ),
    ]);
    watched = await WatchedPage.open(browser, 'about:blank', {
      bypassCSP: true,
      viewport: { width: WIDTH, height: 800 },
    });
    // The page asks of itself never again: what it shows from then on, it asked for because of an event.
    await watched.page.addInitScript(() => {
      const real = setTimeout;
      Object.assign(window, {
        setTimeout: (handler: () => void, ms: number) => (ms === 10_000 ? 0 : real(handler, ms)),
      });
    });
    await watched.page.goto(`${api.url}#key=${ADMIN_KEY}`);
  });

  afterAll(async () => {
    await watched.close();
    await browser.close();
    const { pid } = await api.data<{ pid: number | null }>('server/status').catch(() => ({ pid: null }));
    await api.kill();
    if (pid !== null && isAlive(pid)) process.kill(-pid, 'SIGKILL');
    await receiver.stop();
    folder.remove();
  });

  it('are in a banner, and a band on the chart that they are about, from their beginning', async () => {
    await watched.reads('alerts', /^CPU use is high · since .* · now [\d.]+ %, threshold 1 %$/);
    await waitFor(async () => (await watched.pixels('cpu-chart', '--band-warning')) > 200);
    expect(await watched.pixels('memory-chart', '--band-warning')).toBe(0);
  });

  it('have the limit of memory beside them, once it is within sight, with what sets it', async () => {
    await watched.page.waitForSelector('#memory-chart .limit:visible');
    expect(await watched.page.textContent('#memory-chart .limit')).toBe(
      'Limit: 150.0 MiB (DieAboveMemoryUsageMb)',
    );
    // In one moment: what is above them comes and goes.
    const [label, plot] = await watched.page.evaluate(() =>
      ['.limit', '.u-over'].map((part) => {
        const { top, right } = document.querySelector(`#memory-chart ${part}`)?.getBoundingClientRect() ?? {};
        return { top: top ?? NaN, right: right ?? NaN };
      }),
    );
    if (!label || !plot) throw new Error('no chart');
    expect(label.top).toBeGreaterThanOrEqual(plot.top - 1);
    expect(label.right).toBeLessThanOrEqual(plot.right);
    expect(await watched.page.isVisible('#cpu-chart .limit')).toBe(false);
  });

  it('come and go as they happen', async () => {
    const { pid } = await api.data<{ pid: number }>('server/status');
    process.kill(pid, 'SIGKILL');
    await watched.reads('alerts', /The game server is down · since /);
    await waitFor(async () => (await watched.pixels('memory-chart', '--band-error')) > 200);
    await api.data('server/start', 'POST');
    await watched.page.waitForFunction(
      () => !/game server/.test(document.querySelector('#alerts')?.textContent ?? ''),
    );
    await waitFor(async () => (await watched.pixels('memory-chart', '--band-error')) === 0);
    await watched.reads('alerts', /^CPU use is high · since /);
  });

  it('can be tried: the page says in words what became of the message', async () => {
    await watched.reads('messages-state', /^They go to the webhook\./);
    const tests = () => receiver.received.filter(({ body }) => /"status":"test"/.test(body)).length;
    await watched.page.click('#alert-test');
    await watched.reads('alert-test-answer', /^Sent: the webhook has taken it\.$/);
    expect(tests()).toBe(1);
    status = 404;
    await watched.page.click('#alert-test');
    await watched.reads('alert-test-answer', /^It was refused: .*404/);
    status = 503;
    await watched.page.click('#alert-test');
    await watched.reads('alert-test-answer', /^Not taken yet: .*503.* It is tried again\.$/);
    await watched.reads('messages-state', /Waiting: 1\./);
    status = 204;
    expect(await watched.page.content()).not.toContain('a-secret-path');
    await watched.page.route('**/alerts/test', (route) =>
      route.fulfill({ status: 409, json: { statusCode: 409, message: 'No webhook is configured.' } }),
    );
    await watched.page.click('#alert-test');
    await watched.reads('alert-test-answer', /^No webhook is configured\.$/);
  });

  it('fit on a phone, and violate no accessibility rule, light or dark', async () => {
    await watched.page.evaluate(axe.source);
    for (const colorScheme of ['light', 'dark'] as const) {
      await watched.page.emulateMedia({ colorScheme });
      const { violations } = await watched.page.evaluate(() =>
        (Reflect.get(window, 'axe') as { run: () => Promise<axe.AxeResults> }).run(),
      );
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`)).toEqual([]);
    }
    expect(await watched.page.evaluate(() => document.documentElement.scrollWidth)).toBe(WIDTH);
    expect(await watched.page.locator('#alerts[role=alert] p').count()).toBe(1);
    // The browser says itself that a request was answered with 409.
    expect(watched.messages.filter((message) => !message.includes('409'))).toEqual([]);
  });
});
