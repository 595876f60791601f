import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, request as httpRequest, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { type Browser, type BrowserContext } from 'playwright-core';
import { ADMIN_KEY, ApiProcess } from '../src/testing/api-process.mjs';
import { isAlive } from '../src/testing/kernel.js';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { waitFor } from '../src/testing/wait-for.js';
import { CHROMIUM, launchBrowser, WatchedPage } from './support/browser.js';
import { describeWith } from '../src/testing/components.js';
import { freePort } from './support/free-port.js';

/** More than a browser has connections to a server. */
const TABS = 8;
/** A name of the local network, over plain HTTP: no secure context, so browsers leave some of their functions out. */
const HOST = 'game.lan';

describeWith('Chromium', CHROMIUM)('the page, in many tabs of one browser', () => {
  const folder = temporaryFolder();
  let browser: Browser;
  let api: ApiProcess;
  let proxy: CountingProxy;
  let context: BrowserContext;

  beforeAll(async () => {
    browser = await launchBrowser(`--host-resolver-rules=MAP ${HOST} 127.0.0.1`);
    api = await startApi(String(await freePort()));
  });

  beforeEach(async () => {
    proxy = await CountingProxy.start(() => api.url);
    context = await browser.newContext();
    context.setDefaultTimeout(60_000);
  });

  afterEach(async () => {
    await context.close();
    proxy.stop();
  });

  afterAll(async () => {
    await browser.close();
    const { pid } = await api.data<{ pid: number | null }>('server/status').catch(() => ({ pid: null }));
    await api.kill();
    if (pid !== null && isAlive(pid)) process.kill(-pid, 'SIGKILL');
    folder.remove();
  });

  function startApi(port: string): Promise<ApiProcess> {
    return ApiProcess.start(
      {
        VS_API_PORT: port,
        VS_METRICS_INTERVAL: '0.5',
        VS_DATA_DIR: join(folder.path, 'data'),
        VS_SERVER_COMMAND: `${process.execPath} ${resolve('examples/sample-server.mjs')}`,
        VS_SERVER_AUTOSTART: 'true',
        SAMPLE_SAVE_MS: '100',
      },
      folder.path,
    );
  }

  const openTab = (key = ADMIN_KEY, before?: () => void) =>
    WatchedPage.openTab(context, `http://${HOST}:${proxy.port}/#key=${key}`, before);

  /** Waits for what every tab shows once it has been told of a sample from now on. */
  async function hearSamples(tabs: readonly WatchedPage[]): Promise<void> {
    const before = await Promise.all(tabs.map((tab) => tab.text('sample-time')));
    await Promise.all(
      tabs.map((tab, i) =>
        tab.page.waitForFunction(
          (time) => document.querySelector('#sample-time')?.textContent !== time,
          before[i],
        ),
      ),
    );
  }

  it('is live in all at once, by one stream, while others come and go and when the API was gone; Stop gets through', async () => {
    // The first one starts the worker: a tab to which it does not answer for 10 s follows by itself.
    const first = await openTab();
    await first.reads('live', /^Live$/);
    const tabs = [first, ...(await Promise.all(Array.from({ length: TABS - 1 }, () => openTab())))];
    for (const tab of tabs) await tab.reads('live', /^Live$/);
    expect(await tabs[0]?.page.evaluate(() => isSecureContext)).toBe(false);
    expect(proxy.streams).toBe(1);
    await Promise.all(
      Array.from({ length: TABS / 2 }, async (_, i) => {
        const tab = await openTab();
        if (i % 2 === 0) await tab.reads('live', /^Live$/);
        await tab.page.close();
      }),
    );
    await hearSamples(tabs);
    expect(proxy.streams).toBe(1);
    const last = tabs.at(-1);
    await last?.page.click('#stop');
    await last?.page.click('#confirm-ok');
    for (const tab of tabs) await tab.reads('server-state', /^stopped$/);
    await last?.page.click('#start');
    for (const tab of tabs) await tab.reads('server-state', /^running$/);
    expect(tabs.flatMap(({ messages }) => messages)).toEqual([]);

    const { port } = new URL(api.url);
    api.child.kill('SIGTERM');
    for (const tab of tabs) await tab.reads('live', /^Reconnecting in/);
    await api.exited;
    api = await startApi(port);
    for (const tab of tabs) await tab.reads('live', /^Live$/);
    await hearSamples(tabs);
    await waitFor(() => proxy.streams === 1);

    // The tab that was the first to follow is of no importance.
    await tabs[0]?.page.close();
    await hearSamples(tabs.slice(1));
    for (const tab of tabs.slice(1)) await tab.page.close();
    await waitFor(() => proxy.streams === 0);
  }, 300_000);

  it('takes a wrong key for what it is, whatever the other tabs have; a log-out leaves them alone', async () => {
    const [good, other] = [await openTab(), await openTab()];
    const bad = await openTab('wrong');
    await bad.reads('login-reason', /not known/);
    await other.reads('live', /^Live$/);
    await other.page.click('#logout');
    await other.reads('live', /^Not logged in$/);
    await good.reads('live', /^Live$/);
    await hearSamples([good]);
    // Also that which was refused has been closed.
    await waitFor(() => proxy.streams === 1);
  });

  it('follows by itself where there are no shared workers, and lets go while it is hidden', async () => {
    const tab = await openTab(ADMIN_KEY, () => {
      Reflect.deleteProperty(window, 'SharedWorker');
    });
    await tab.reads('live', /^Live$/);
    const turn = (state: string) =>
      tab.page.evaluate((visibilityState) => {
        Object.defineProperty(document, 'visibilityState', { value: visibilityState, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      }, state);
    await turn('hidden');
    await waitFor(() => proxy.streams === 0);
    await tab.reads('live', /^Reconnecting/);
    await turn('visible');
    await tab.reads('live', /^Live$/);
    await hearSamples([tab]);
  });

  it('follows by itself where the worker does not start', async () => {
    proxy.refused = '/stream-worker.js';
    const tab = await openTab();
    await tab.reads('live', /^Live$/);
    await hearSamples([tab]);
  });

  it('is not called live while requests are not answered', async () => {
    const tab = await openTab();
    await tab.reads('live', /^Live$/);
    await tab.page.route('**/server/status', (route) => route.abort());
    await tab.reads('live', /^The API does not answer, last sample/);
    await tab.page.unroute('**/server/status');
    await tab.reads('live', /^Live$/);
  });
});

/** A reverse proxy that knows how many streams of samples are open. */
class CountingProxy {
  streams = 0;
  /** A path that is answered with 404. */
  refused: string | null = null;

  private constructor(private readonly server: Server) {}

  static async start(target: () => string): Promise<CountingProxy> {
    const server = createServer();
    const proxy = new CountingProxy(server);
    server.on('request', (incoming, outgoing) => {
      if (incoming.url === proxy.refused) {
        outgoing.writeHead(404).end();
        return;
      }
      if (incoming.url?.endsWith('metrics/stream') === true) {
        proxy.streams++;
        outgoing.on('close', () => proxy.streams--);
      }
      const { method, headers } = incoming;
      const forwarded = httpRequest(new URL(incoming.url ?? '/', target()), { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
        answer.on('error', () => outgoing.destroy());
      });
      forwarded.on('error', () => outgoing.destroy());
      outgoing.on('close', () => forwarded.destroy());
      incoming.pipe(forwarded);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}
