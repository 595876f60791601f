import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { type Browser } from 'playwright-core';
import { ArchiveWriter } from '../src/history/sqlite/archive-writer.js';
import { ADMIN_KEY, ApiProcess } from '../src/testing/api-process.mjs';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { waitFor } from '../src/testing/wait-for.js';
import { CHROMIUM, launchBrowser, WatchedPage } from './support/browser.js';
import { describeWith } from '../src/testing/components.js';
import { UNKNOWN_VALUES } from '../src/testing/unknown-values.js';

const DAY_SAMPLES = 86_400;
/** As many as a chart has pixels, and the samples that the page holds. */
const MOST_POINTS = 2600;

describeWith('Chromium', CHROMIUM)('the page, with a day of samples in memory', () => {
  const folder = temporaryFolder();
  let browser: Browser;
  let api: ApiProcess;

  beforeAll(async () => {
    seed(join(folder.path, 'metrics.db'));
    browser = await launchBrowser();
    api = await ApiProcess.start(
      {
        VS_METRICS_INTERVAL: '1',
        VS_METRICS_CAPACITY: String(DAY_SAMPLES),
        VS_DATA_DIR: folder.path,
      },
      folder.path,
    );
  });

  afterAll(async () => {
    await browser.close();
    await api.kill();
    folder.remove();
  });

  it('is sent few of them at any range, draws the charts, and goes on with what comes', async () => {
    const watched = await WatchedPage.open(browser, api.url);
    const counts: number[] = [];
    watched.page.on('response', (response) => {
      if (!response.url().includes('metrics/history')) return;
      void response.json().then(
        ({ data }: { data: { count: number } }) => counts.push(data.count),
        // The page has gone on to the next range.
        () => undefined,
      );
    });
    for (const range of ['15m', '1h', '24h', 'all']) {
      counts.length = 0;
      await watched.page.goto(`${api.url}?range=${range}#key=${ADMIN_KEY}`);
      await watched.reads('live', /^Live$/);
      await waitFor(async () => (await watched.pixels('memory-chart', '--api')) > 300);
      await watched.reads('resolution', range === '15m' ? /^$/ : /^means of/);
      // The start of the API is a hole of seconds; a hatched chart would be sixty thousand.
      expect(await watched.pixels('memory-chart', '--hatch')).toBeLessThan(5000);
      await waitFor(() => counts.length > 0);
      expect(Math.max(...counts)).toBeLessThan(MOST_POINTS);
    }
    await watched.page.goto(`${api.url}?range=1h`);
    await watched.reads('live', /^Live$/);
    await watched.reads('resolution', /^means of/);
    const label = () => watched.page.getAttribute('#memory-chart .u-over', 'aria-label');
    const before = await label();
    const nextSample = async () => {
      const time = await watched.text('sample-time');
      await waitFor(async () => (await watched.text('sample-time')) !== time);
    };
    // What the page asks when it opens has been asked by then.
    await nextSample();
    await nextSample();
    let asked = 0;
    watched.page.on('request', (request) => {
      if (request.url().includes('metrics/history')) asked++;
    });
    for (let i = 0; i < 4; i++) await nextSample();
    await waitFor(async () => (await label()) !== before);
    expect(asked).toBeLessThan(3);
    expect(watched.messages).toEqual([]);
    await watched.page.context().close();
  });

  // Labels: of times, of the day below the first, of numbers; then the cards: the sample's time, memory.
  it.each([
    [
      'de-DE',
      /^\d\d:\d\d$/,
      /^\d+\. \p{L}+\.?$/u,
      '1.500',
      /^\d\d\.\d\d\.\d{4}, \d\d:\d\d:\d\d$/,
      /^\d+,\d MiB$/,
    ],
    [
      'en-GB',
      /^\d\d:\d\d$/,
      /^\d+ \p{L}+$/u,
      '1,500',
      /^\d+ \p{L}+ \d{4}, \d\d:\d\d:\d\d$/u,
      /^\d+\.\d MiB$/,
    ],
    [
      'en-US',
      /^\d+:\d\d\s[AP]M$/,
      /^\p{L}+ \d+$/u,
      '1,500',
      /^\p{L}+ \d+, \d{4}, .+ [AP]M$/u,
      /^\d+\.\d MiB$/,
    ],
    ['ar-EG', /^[٠-٩]+:[٠-٩]+\s[صم]$/, /^[٠-٩]+ \p{L}+$/u, '١٬٥٠٠', /^[٠-٩]+.+[صم]$/, /^[٠-٩]+٫[٠-٩] MiB$/],
  ] as const)(
    'writes axes, times and numbers as %s does',
    async (locale, time, day, number, sampleTime, memory) => {
      const watched = await WatchedPage.open(browser, api.url, { locale, timezoneId: zoneWhereItIsThree() });
      // What the charts write.
      await watched.page.addInitScript(() => {
        const written = new Set<string>();
        Object.assign(window, { written });
        const { prototype } = CanvasRenderingContext2D;
        const fillText = Reflect.get(prototype, 'fillText') as (...args: unknown[]) => void;
        Object.assign(prototype, {
          fillText(this: CanvasRenderingContext2D, ...args: [text: string, x: number, y: number]) {
            written.add(args[0]);
            fillText.apply(this, args);
          },
        });
      });
      await watched.page.goto(`${api.url}?range=1h#key=${ADMIN_KEY}`);
      await watched.reads('live', /^Live$/);
      const written = () => watched.page.evaluate(() => [...(Reflect.get(window, 'written') as Set<string>)]);
      await waitFor(async () => (await written()).includes(number));
      const labels = await written();
      expect(labels.filter((label) => time.test(label)).length).toBeGreaterThan(2);
      expect(labels.filter((label) => day.test(label)).length).toBeGreaterThan(0);
      const isNumber = (label: string) => /^[\d٠-٩]+([.,٫٬][\d٠-٩]+)?$/.test(label);
      expect(labels.filter((label) => !time.test(label) && !day.test(label) && !isNumber(label))).toEqual([]);
      // Some locales write marks of direction and narrow spaces.
      const text = async (id: string) =>
        (await watched.text(id)).replace(/[\u200e\u200f\u061c]/g, '').replace(/\s/g, ' ');
      await waitFor(async () => memory.test(await text('api-memory')));
      expect(await text('sample-time')).toMatch(sampleTime);
      await waitFor(async () => /^[1١]$/.test(await watched.page.inputValue('#interval')));
      await watched.page.context().close();
    },
  );
});

/** Where an hour has one digit, which many locales write with two. */
function zoneWhereItIsThree(): string {
  const ahead = ((3 - new Date().getUTCHours() + 36) % 24) - 12;
  // Signs are the other way round in these names.
  return `Etc/GMT${ahead > 0 ? '-' : '+'}${Math.abs(ahead)}`;
}

/** A day of samples up to now, one a second. */
function seed(file: string): void {
  const writer = new ArchiveWriter(file);
  const endMs = Date.now();
  for (let first = 0; first < DAY_SAMPLES; first += 10_800) {
    writer.write(
      Array.from({ length: 10_800 }, (_, i) => ({
        timestamp: new Date(endMs - (DAY_SAMPLES - first - i) * 1000),
        apiMemoryMb: 1800 + (i % 10),
        apiCpuPercent: 2,
        ...UNKNOWN_VALUES,
      })),
    );
  }
  writer.close();
}
