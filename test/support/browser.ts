import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core';

/** Debian's Chromium, or the one that is named. */
export const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  // A browser that asks nobody but the page's own server.
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

export function launchBrowser(...more: string[]): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: [...ARGS, ...more], timeout: 90_000 });
}

/** A page in a session of its own that notes what it says on the console and whom it asks. */
export class WatchedPage {
  readonly messages: string[] = [];
  readonly requests: string[] = [];

  private constructor(readonly page: Page) {
    page.on('console', (message) => this.messages.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => this.messages.push(`uncaught: ${error.message}`));
    page.on('request', (request) => this.requests.push(request.url()));
  }

  static async open(
    browser: Browser,
    url: string,
    options: BrowserContextOptions = {},
  ): Promise<WatchedPage> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    context.setDefaultTimeout(60_000);
    return WatchedPage.openTab(context, url);
  }

  /** One more tab of a session; `before` runs in it before the page. */
  static async openTab(context: BrowserContext, url: string, before?: () => void): Promise<WatchedPage> {
    const watched = new WatchedPage(await context.newPage());
    if (before !== undefined) await watched.page.addInitScript(before);
    await watched.page.goto(url);
    return watched;
  }

  /** The visible text of the element with this id. */
  async text(id: string): Promise<string> {
    return (await this.page.textContent(`#${id}`)) ?? '';
  }

  /** Waits until the element's text matches. */
  async reads(id: string, pattern: RegExp): Promise<void> {
    await this.page.waitForFunction(
      ([selector, source]) =>
        new RegExp(source ?? '').test(document.querySelector(selector ?? '')?.textContent ?? ''),
      [`#${id}`, pattern.source],
    );
  }

  /** How many pixels of a chart have a colour of the page's palette (a custom property such as `--game`). */
  pixels(chart: string, colour: string): Promise<number> {
    return this.page.evaluate(
      ([id, name]) => {
        const canvas = document.querySelector<HTMLCanvasElement>(`#${id ?? ''} canvas`);
        // A copy is read: reading the canvas itself would slow it down, and the browser would say so.
        const copy = canvas && new OffscreenCanvas(canvas.width, canvas.height);
        const context = copy?.getContext('2d', { willReadFrequently: true });
        if (!canvas || !context) return 0;
        context.drawImage(canvas, 0, 0);
        const hex = getComputedStyle(document.documentElement)
          .getPropertyValue(name ?? '')
          .trim();
        const wanted = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
        const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
        let count = 0;
        for (let i = 0; i < data.length; i += 4) {
          const isWanted = wanted.every((value, channel) => Math.abs((data[i + channel] ?? 0) - value) < 24);
          if (isWanted && (data[i + 3] ?? 0) > 200) count++;
        }
        return count;
      },
      [chart, colour],
    );
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}
