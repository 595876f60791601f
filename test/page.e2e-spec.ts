import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import axe from 'axe-core';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { type Browser } from 'playwright-core';
import { formatValue } from '../src/page/client/format.js';
import { toPoint } from '../src/page/client/samples.js';
import { toTimeline } from '../src/page/client/timeline.js';
import { ADMIN_KEY, ApiProcess, MONITOR_KEY, type WireSnapshot } from '../src/testing/api-process.mjs';
import { isAlive } from '../src/testing/kernel.js';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { waitFor } from '../src/testing/wait-for.js';
import { CHROMIUM, launchBrowser, WatchedPage } from './support/browser.js';
import { describeWith } from '../src/testing/components.js';
import { freePort } from './support/free-port.js';

const INTERVAL_SECONDS = 0.5;
const UNUSUAL_KEY = 'a+b%41"%';

describeWith('Chromium', CHROMIUM)('the page, in a browser', () => {
  const folder = temporaryFolder();
  const data = (name: string) => join(folder.path, name);
  let browser: Browser;
  /** Runs the game. */
  let api: ApiProcess;
  /** One that cannot do much: an unusual key, a game that does not exist, and a foreign file where the history belongs. */
  let poor: ApiProcess;
  /** Watches a game that something else runs, with little memory. */
  let attached: ApiProcess;
  let watched: WatchedPage;

  beforeAll(async () => {
    mkdirSync(data('foreign'));
    writeFileSync(join(data('foreign'), 'metrics.db'), 'this is no database, and nobody may touch it');
    [browser, poor, attached] = await Promise.all([
      launchBrowser(),
      start({
        VS_API_KEY_ADMIN: UNUSUAL_KEY,
        VS_DATA_DIR: data('foreign'),
        VS_SERVER_COMMAND: '/nonexistent/game',
      }),
      start({
        VS_METRICS_INTERVAL: '0.1',
        VS_METRICS_CAPACITY: '10',
        VS_DATA_DIR: data('attached'),
        VS_SERVER_PID_FILE: data('game.pid'),
      }),
    ]);
    // After the others, whose start may hold up its samples.
    api = await startApi({ VS_API_PORT: String(await freePort()) });
  });

  afterEach(async () => {
    await watched.close();
  });

  afterAll(async () => {
    await browser.close();
    const { pid } = await api.data<{ pid: number | null }>('server/status').catch(() => ({ pid: null }));
    await Promise.all([api, poor, attached].map((each) => each.kill()));
    if (pid !== null && isAlive(pid)) process.kill(-pid, 'SIGKILL');
    folder.remove();
  });

  function start(variables: Record<string, string>): Promise<ApiProcess> {
    return ApiProcess.start({ VS_METRICS_INTERVAL: String(INTERVAL_SECONDS), ...variables }, folder.path);
  }

  function startApi(variables: Record<string, string> = {}): Promise<ApiProcess> {
    return start({
      VS_METRICS_CAPACITY: '2000',
      VS_DATA_DIR: data('data'),
      VS_SERVER_COMMAND: `${process.execPath} ${resolve('examples/sample-server.mjs')}`,
      VS_SERVER_AUTOSTART: 'true',
      SAMPLE_SAVE_MS: '100',
      ...variables,
    });
  }

  /** Opens the page logged in, with the game measured and the stream open. */
  async function openDashboard(options = {}): Promise<void> {
    watched = await WatchedPage.open(browser, `${api.url}#key=${ADMIN_KEY}`, options);
    await watched.reads('live', /^Live$/);
    await watched.reads('game-memory', /MiB/);
  }

  const history = async () => (await api.data<{ metrics: WireSnapshot[] }>('metrics/history')).metrics;

  /** Nothing is hatched but where samples are missing: a machine that is very busy may have held some up. */
  async function expectNoHole(chart: string): Promise<void> {
    await waitFor(async () => {
      if ((await watched.pixels(chart, '--hatch')) < 20) return true;
      const points = (await history()).map(toPoint);
      const known = { from: points[0]?.time ?? 0, to: points.at(-1)?.time ?? 0 };
      return toTimeline(points, known, INTERVAL_SECONDS).holes.length > 0;
    }, `no hole in the ${chart}`);
  }

  it('logs in by the address, from which the key is gone at once, for this session only', async () => {
    await openDashboard();
    expect(watched.page.url()).toBe(api.url);
    await watched.page.reload();
    await watched.reads('live', /^Live$/);
    expect(watched.requests.filter((url) => url.includes(ADMIN_KEY))).toEqual([]);

    const other = await WatchedPage.open(browser, api.url);
    await other.page.waitForSelector('#login:not([hidden])');
    await other.close();
  });

  it('logs in by the form, says why a key is refused, and lets go of one, also while nothing answers', async () => {
    watched = await WatchedPage.open(browser, api.url);
    for (const [key, reason] of [
      ['wrong', /not known/],
      [MONITOR_KEY, /not for the monitor/],
    ] as const) {
      await watched.page.fill('#key', key);
      await watched.page.keyboard.press('Enter');
      await watched.reads('login-reason', reason);
    }
    await watched.page.fill('#key', ADMIN_KEY);
    await watched.page.keyboard.press('Enter');
    await watched.reads('live', /^Live$/);
    await watched.page.click('#logout');
    await watched.page.waitForSelector('#login:not([hidden])');
    await watched.reads('login-reason', /prints an address/);
    expect(await watched.page.evaluate(() => sessionStorage.length)).toBe(0);

    // A key that is let go of while the API does not answer.
    await watched.page.route('**/api/**', (route) => route.abort());
    await watched.page.fill('#key', ADMIN_KEY);
    await watched.page.keyboard.press('Enter');
    await watched.reads('live', /does not answer/);
    await watched.page.click('#logout');
    await watched.page.waitForSelector('#login:not([hidden])');
    expect(await watched.page.evaluate(() => sessionStorage.length)).toBe(0);
    expect(await watched.page.isVisible('#logout')).toBe(false);
    await watched.page.unroute('**/api/**');
    await watched.page.fill('#key', ADMIN_KEY);
    await watched.page.keyboard.press('Enter');
    await watched.reads('live', /^Live$/);
  });

  it('takes keys of any characters from the address, also when it is opened over the page', async () => {
    const key = UNUSUAL_KEY;
    // No header can carry this one.
    watched = await WatchedPage.open(browser, `${poor.url}#key=ключ`);
    const refused = async () => {
      await watched.page.waitForSelector('#login:not([hidden])');
      await watched.reads('login-reason', /not known/);
      expect(await watched.page.evaluate(() => sessionStorage.length)).toBe(0);
    };
    await refused();
    await watched.page.goto(`${poor.url}#key=${key}`);
    await watched.reads('live', /^Live$/);
    expect(watched.page.url()).toBe(poor.url);
    await watched.page.goto(`${poor.url}#key=wrong`);
    await refused();
    await watched.page.goto(`${poor.url}#key=${encodeURIComponent(key)}`);
    await watched.reads('live', /^Live$/);
    expect(watched.page.url()).toBe(poor.url);
  });

  it('draws both charts, whose newest point follows the stream, over any range or span; asks nobody else; says nothing', async () => {
    await openDashboard();
    await waitFor(async () => (await history()).length >= 6);
    for (const chart of ['memory-chart', 'cpu-chart']) {
      await waitFor(async () => (await watched.pixels(chart, '--game')) > 50);
      await waitFor(async () => (await watched.pixels(chart, '--api')) > 50);
      await expectNoHole(chart);
    }
    const label = () => watched.page.getAttribute('#memory-chart .u-over', 'aria-label');
    await waitFor(async () => {
      const { gameMemoryMb, apiMemoryMb } = (await history()).at(-1) ?? {
        gameMemoryMb: null,
        apiMemoryMb: null,
      };
      // The heap of a .NET game may be in between.
      const [game, api] = (await label())?.split(/, (?:.*, )?/) ?? [];
      return (
        game === `Memory now: game ${formatValue('gameMemoryMb', gameMemoryMb)}` &&
        api === `API ${formatValue('apiMemoryMb', apiMemoryMb)}`
      );
    });

    // 2,000 samples of 0.5 s: 16 minutes.
    const offered = await watched.page.locator('#ranges button').allTextContents();
    expect(offered).toEqual(['5 min', '15 min', 'all']);
    await watched.page.click('#ranges button:has-text("all")');
    await watched.page.waitForURL((url) => url.search === '?range=all');
    await watched.page.reload();
    await watched.reads('live', /^Live$/);
    expect(await watched.page.locator('#ranges button[aria-pressed=true]').textContent()).toBe('all');

    expect(await watched.page.isVisible('#zoom-out')).toBe(false);
    const box = await watched.page.locator('#memory-chart .u-over').boundingBox();
    if (box === null) throw new Error('no chart');
    await watched.page.mouse.move(box.x + box.width * 0.3, box.y + 50);
    await watched.page.mouse.down();
    await watched.page.mouse.move(box.x + box.width * 0.7, box.y + 50, { steps: 5 });
    await watched.page.mouse.up();
    await watched.page.waitForSelector('#zoom-out:not([hidden])');
    await watched.page.click('#zoom-out');
    await watched.page.waitForSelector('#zoom-out', { state: 'hidden' });

    expect(watched.messages).toEqual([]);
    expect(watched.requests.filter((url) => !url.startsWith(api.url))).toEqual([]);
    expect(watched.requests.length).toBeGreaterThan(5);
  });

  it('stops the server after asking, shows the gap without a reload, and starts it again', async () => {
    await openDashboard();
    await watched.reads('server-state', /^running$/);
    expect(await watched.page.isDisabled('#start')).toBe(true);

    await watched.page.click('#stop');
    await watched.page.click('#confirm button[value=cancel]');
    expect(await watched.text('server-state')).toBe('running');

    await watched.page.click('#stop');
    await watched.page.click('#confirm-ok');
    await watched.reads('server-state', /^stopped$/);
    await watched.reads('game-memory', /^–$/);
    await watched.reads('game-cpu', /^–$/);
    await watched.page.waitForSelector('#memory-chart .u-over[aria-label*="game –"]');
    expect(await watched.page.isDisabled('#stop')).toBe(true);

    const refusal = { statusCode: 409, message: 'Not now.' };
    await watched.page.route('**/server/start', (route) => route.fulfill({ status: 409, json: refusal }));
    await watched.page.click('#start');
    await watched.reads('server-error', /^Not now\.$/);
    for (let polls = 0; polls < 2; polls++) {
      await watched.page.waitForResponse((response) => response.url().endsWith('server/status'));
    }
    expect(await watched.text('server-error')).toBe('Not now.');
    await watched.page.unroute('**/server/start');

    await watched.page.click('#start');
    await watched.reads('server-state', /^running$/);
    expect(await watched.text('server-error')).toBe('');
    await watched.reads('game-memory', /MiB/);
    await expectNoHole('memory-chart');
    expect((await history()).some(({ gameMemoryMb }) => gameMemoryMb === null)).toBe(true);
  });

  it('offers no switches for a game server that something else runs', async () => {
    let pid: number | null = null;
    await waitFor(
      async () => ({ pid } = await api.data<{ pid: number | null }>('server/status')).pid !== null,
    );
    watched = await WatchedPage.open(browser, `${attached.url}#key=${ADMIN_KEY}`);
    await watched.reads('server-state', /^stopped$/);
    await watched.reads('server-detail', /^run by something else$/);
    await watched.reads('server-error', /does not exist/);
    expect(await watched.page.locator('.actions button:disabled').count()).toBe(3);
    writeFileSync(data('game.pid'), String(pid));
    await watched.reads('server-state', /^running$/);
    await watched.reads('server-detail', /^up .+, pid \d+; run by something else$/);
    expect(await watched.text('server-error')).toBe('');
    expect(await watched.page.locator('.actions button:disabled').count()).toBe(3);
  });

  it('says that samples are not archived, and why the server cannot be started', async () => {
    watched = await WatchedPage.open(browser, `${poor.url}#key=${UNUSUAL_KEY}`);
    await watched.reads('degraded', /kept in memory only: /);
    await watched.reads('server-state', /^stopped$/);
    await watched.page.click('#start');
    await watched.reads('server-error', /program \/nonexistent\/game was not found/);
  });

  it('goes by the clock of the API, not by one of the browser that is wrong', async () => {
    watched = await WatchedPage.open(browser, `${api.url}?range=all#key=${ADMIN_KEY}`);
    for (const offMs of [60_000, -2 * 3_600_000]) {
      await watched.page.addInitScript((ms) => {
        Object.assign(Date, { now: () => performance.timeOrigin + performance.now() + ms });
      }, offMs);
      await watched.page.reload();
      const browserMs = await watched.page.evaluate(() => Date.now());
      expect(Math.abs(browserMs - offMs - Date.now())).toBeLessThan(30_000);
      await waitFor(async () => (await watched.pixels('memory-chart', '--api')) > 50);
      await watched.reads('live', /^Live$/);
      await watched.reads('sample-age', /^[01] s ago$/);
    }
  });

  it('shows under the cursor what the API returned for that time, in both charts', async () => {
    await openDashboard({ timezoneId: 'Asia/Tokyo', locale: 'en-GB' });
    await waitFor(async () => (await history()).length >= 8);
    await watched.page.click('#ranges button:has-text("all")');
    // Until somebody points at a time, that of the newest sample is shown.
    const legend = () =>
      watched.page.locator('#memory-chart .u-series:not([hidden]) .u-value').allTextContents();
    await waitFor(async () => {
      const [shown, newest] = [await legend(), await watched.text('sample-time')];
      return shown[0] === newest && /MiB/.test(shown[1] ?? '');
    });
    await watched.page.hover('#memory-chart .u-over', { position: { x: 300, y: 100 } });
    await waitFor(async () => (await legend())[0] !== (await watched.text('sample-time')));
    // Read in one moment: the charts go on.
    const [memory, cpu] = await watched.page.evaluate(() =>
      ['memory', 'cpu'].map((chart) =>
        [...document.querySelectorAll(`#${chart}-chart .u-series:not([hidden]) .u-value`)].map(
          ({ textContent }) => textContent,
        ),
      ),
    );
    expect(cpu?.[0]).toBe(memory?.[0]);
    expect(cpu?.[1]).toMatch(/ %$|–/);
    const inTokyo = new Intl.DateTimeFormat('en-GB', {
      dateStyle: 'medium',
      timeStyle: 'medium',
      timeZone: 'Asia/Tokyo',
    });
    const rows = (await history()).map(({ timestamp, gameMemoryMb, apiMemoryMb }) => [
      inTokyo.format(new Date(timestamp)),
      formatValue('gameMemoryMb', gameMemoryMb),
      formatValue('apiMemoryMb', apiMemoryMb),
    ]);
    // The heap of a .NET game may be in between.
    expect(rows).toContainEqual([memory?.[0], memory?.[1], memory?.at(-1)]);
  });

  it.each([320, 1440])(
    'has no horizontal scroll at %d px, and moves nothing while it fills',
    async (width) => {
      watched = await WatchedPage.open(browser, api.url, { viewport: { width, height: 800 } });
      await watched.page.evaluate(() => {
        Object.assign(window, { shift: 0 });
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries() as (PerformanceEntry & {
            value: number;
            hadRecentInput: boolean;
          })[]) {
            if (!entry.hadRecentInput)
              Object.assign(window, { shift: (Reflect.get(window, 'shift') as number) + entry.value });
          }
        }).observe({ type: 'layout-shift', buffered: false });
      });
      await watched.page.fill('#key', ADMIN_KEY);
      await watched.page.keyboard.press('Enter');
      await watched.reads('game-memory', /MiB/);
      const { scrollWidth, shift } = await watched.page.evaluate(() => ({
        scrollWidth: document.documentElement.scrollWidth,
        shift: Reflect.get(window, 'shift') as number,
      }));
      expect(scrollWidth).toBe(width);
      const boxOf = (id: string) => watched.page.locator(`#${id}`).boundingBox();
      const form = await boxOf('interval-form');
      const input = await boxOf('interval');
      const button = await boxOf('interval-reset');
      if (!form || !input || !button) throw new Error('no form');
      expect(input.width).toBeGreaterThan(60);
      expect(button.x + button.width).toBeLessThanOrEqual(form.x + form.width);
      expect(shift).toBeLessThan(0.02);
      // With a time and both values the legend is at its longest.
      await waitFor(async () => {
        await watched.page.hover('#memory-chart .u-over', { position: { x: 100, y: 100 } });
        return /MiB/.test((await watched.page.textContent('#memory-chart .u-legend')) ?? '');
      });
      expect(await watched.page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      // In one moment: what is above it comes and goes.
      const bottoms = await watched.page.evaluate(() => {
        const bottomOf = (part: Element | undefined) => part?.getBoundingClientRect().bottom;
        return {
          legend: bottomOf(document.querySelector('#memory-chart .u-legend') ?? undefined),
          lastRow: bottomOf([...document.querySelectorAll('#memory-chart .u-series')].at(-1)),
        };
      });
      expect(bottoms.lastRow).toBeLessThanOrEqual(bottoms.legend ?? NaN);
    },
  );

  it('has no violation of accessibility rules, light or dark', async () => {
    // The rules are injected by the test, past the page's content security policy.
    await openDashboard({ bypassCSP: true });
    await watched.page.evaluate(axe.source);
    const violations = async () => {
      const { violations: found } = await watched.page.evaluate(() =>
        (Reflect.get(window, 'axe') as { run: () => Promise<axe.AxeResults> }).run(),
      );
      return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
    };
    const inBoth = async () => {
      const found: Record<string, string[]> = {};
      for (const colorScheme of ['light', 'dark'] as const) {
        await watched.page.emulateMedia({ colorScheme });
        found[colorScheme] = await violations();
      }
      return found;
    };
    const none = { light: [], dark: [] };
    expect(await inBoth()).toEqual(none);
    await watched.page.click('#stop');
    expect(await inBoth()).toEqual(none);
    await watched.page.click('#confirm button[value=cancel]');
    await watched.page.click('#logout');
    expect(await inBoth()).toEqual(none);
  });

  it('shows means of what reaches further back than its samples', async () => {
    await waitFor(async () => {
      const { historyFrom } = await attached.data<{ historyFrom: string | null }>('metrics/info');
      return historyFrom !== null && Date.now() - Date.parse(historyFrom) > 4000;
    });
    watched = await WatchedPage.open(browser, `${attached.url}?range=all#key=${ADMIN_KEY}`);
    await watched.reads('resolution', /^means of \d/);
    await waitFor(async () => (await watched.pixels('memory-chart', '--api')) > 50);
    expect(watched.messages).toEqual([]);
  });

  it('works behind a proxy’s sub-path', async () => {
    const proxy = await subPathProxy(api.url, '/games/vs');
    const { port } = proxy.address() as AddressInfo;
    watched = await WatchedPage.open(browser, `http://127.0.0.1:${port}/games/vs/#key=${ADMIN_KEY}`);
    await watched.reads('live', /^Live$/);
    await watched.reads('game-memory', /MiB/);
    expect(watched.messages).toEqual([]);
    proxy.closeAllConnections();
    proxy.close();
  });

  it('is sent with headers that forbid foreign scripts and frames, and that work over plain HTTP', async () => {
    const { headers } = await fetch(api.url);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe-inline|upgrade-insecure-requests/);
    expect(headers.get('strict-transport-security')).toBeNull();
  });

  // From here on the samples have holes.

  it('changes the interval, says why a value is refused, goes back to the default, and follows what others set', async () => {
    const context = await browser.newContext();
    context.setDefaultTimeout(60_000);
    watched = await WatchedPage.openTab(context, `${api.url}#key=${ADMIN_KEY}`, () => {
      // The page asks for what changes rarely each second, and not every ten.
      const real = setInterval;
      Object.assign(window, { setInterval: (handler: () => void, ms: number) => real(handler, ms / 10) });
    });
    await watched.reads('live', /^Live$/);
    await watched.reads('game-memory', /MiB/);
    await watched.page.fill('#interval', '0.01');
    await watched.page.click('#interval-form button[type=submit]');
    await watched.reads('interval-error', /0\.1/);
    await watched.page.fill('#interval', '0,3');
    await watched.page.keyboard.press('Enter');
    await watched.reads('sample-interval', /every 0\.3 s/);
    const set = { intervalSeconds: { value: 0.3, source: 'settings' } };
    expect(await api.data('settings')).toMatchObject(set);
    for (const text of ['abc', ' ', '0x10', 'Infinity', '1.000,5']) {
      await watched.page.fill('#interval', text);
      await watched.page.keyboard.press('Enter');
      await watched.reads('interval-error', /^Not a number/);
    }
    expect(await api.data('settings')).toMatchObject(set);
    await watched.page.fill('#interval', '0');
    await watched.page.keyboard.press('Enter');
    await watched.reads('live', /collection is off/);
    for (const id of ['game-memory', 'game-cpu']) await watched.page.waitForSelector(`#${id}.old`);
    await watched.page.click('#ranges button:has-text("all")');
    await waitFor(async () => (await watched.pixels('memory-chart', '--hatch')) > 100);
    await watched.page.click('#interval-reset');
    await watched.reads('sample-interval', /every 0\.5 s/);
    expect(await api.data('settings')).toMatchObject({ intervalSeconds: { source: 'environment' } });

    // Elsewhere: not over what is being typed here.
    const setElsewhere = (intervalSeconds: number | null) =>
      api.request('api/v1alpha1/settings', {
        method: 'PATCH',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ intervalSeconds }),
      });
    const field = watched.page.locator('#interval');
    await setElsewhere(0.4);
    await waitFor(async () => (await field.inputValue()) === '0.4');
    await field.fill('7');
    await field.blur();
    await setElsewhere(0.3);
    await watched.reads('sample-interval', /every 0\.3 s/);
    expect(await field.inputValue()).toBe('7');
    await setElsewhere(null);
  });

  it('says when samples stay away and when the API is gone, comes back with it, and shows the hole', async () => {
    await openDashboard();
    api.child.kill('SIGSTOP');
    await watched.reads('live', /^Stale, last sample/);
    api.child.kill('SIGCONT');
    await watched.reads('live', /^Live$/);
    // Some samples at their usual distance: two pauses beside one another look like another interval.
    const { length } = await history();
    await waitFor(async () => (await history()).length >= length + 3);

    const { port } = new URL(api.url);
    const { pid } = await api.data<{ pid: number }>('server/status');
    await api.kill();
    process.kill(-pid, 'SIGKILL');
    await watched.reads('live', /^Reconnecting in \d+ s/);
    await watched.reads('live', /stale, last sample/);
    await watched.reads('server-state', /^unknown$/);
    expect(await watched.page.isDisabled('#restart')).toBe(true);
    await watched.page.waitForSelector('#game-memory.old');

    api = await startApi({ VS_API_PORT: port });
    // Samples that are taken before the page comes back: it has to ask for them.
    await waitFor(async () => (await history()).length >= 2);
    await watched.reads('live', /^Live$/);
    await watched.reads('game-memory', /MiB/);
    await watched.page.click('#ranges button:has-text("all")');
    await waitFor(async () => (await watched.pixels('memory-chart', '--hatch')) > 100);
    const { messages } = watched;
    expect(messages.filter((message) => !/ERR_CONNECTION_|ERR_INCOMPLETE|ERR_EMPTY/.test(message))).toEqual(
      [],
    );
  });
});

/** A reverse proxy that serves an address under a path of its own. */
async function subPathProxy(target: string, path: string): Promise<Server> {
  const proxy = createServer((incoming, outgoing) => {
    const url = new URL((incoming.url ?? '/').slice(path.length + 1), target);
    const forwarded = httpRequest(url, { method: incoming.method, headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    forwarded.on('error', () => outgoing.destroy());
    incoming.pipe(forwarded);
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  return proxy;
}
