import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import axe from 'axe-core';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Browser } from 'playwright-core';
import { ArchiveWriter } from '../src/history/sqlite/archive-writer.js';
import { ADMIN_KEY, ApiProcess } from '../src/testing/api-process.mjs';
import { describeWith } from '../src/testing/components.js';
import { isAlive } from '../src/testing/kernel.js';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { UNKNOWN_VALUES } from '../src/testing/unknown-values.js';
import { waitFor } from '../src/testing/wait-for.js';
import { CHROMIUM, launchBrowser, WatchedPage } from './support/browser.js';

/** How many made-up events there are, one in three seconds. */
const MANY = 3500;
const NAME = 'Frost & <b>Fire</b>';
const MARKUP = '<img src=x onerror="document.title = String(1)"><b>bold</b>';

describeWith('Chromium', CHROMIUM)('what happened, on the page', () => {
  const folder = temporaryFolder();
  let browser: Browser;
  /** Runs a game, its history is young. */
  let api: ApiProcess;
  /** Its history has a day with players and ticks. */
  let old: ApiProcess;
  let watched: WatchedPage;

  beforeAll(async () => {
    mkdirSync(join(folder.path, 'old'));
    seed(join(folder.path, 'old', 'metrics.db'));
    [browser, old] = await Promise.all([
      launchBrowser(),
      ApiProcess.start(
        { VS_METRICS_INTERVAL: '1', VS_DATA_DIR: join(folder.path, 'old') },
        join(folder.path, 'old'),
      ),
    ]);
    api = await ApiProcess.start(
      {
        VS_METRICS_INTERVAL: '1',
        VS_DATA_DIR: join(folder.path, 'data'),
        VS_SERVER_COMMAND: `${process.execPath} ${resolve('examples/sample-server.mjs')}`,
        VS_SERVER_AUTOSTART: 'true',
        VS_SERVER_STATS_INTERVAL: '0',
        VS_SERVER_NAME: NAME,
      },
      folder.path,
    );
  });

  afterEach(async () => {
    await watched.close();
  });

  afterAll(async () => {
    await browser.close();
    const { pid } = await api.data<{ pid: number | null }>('server/status').catch(() => ({ pid: null }));
    await Promise.all([api.kill(), old.kill()]);
    if (pid !== null && isAlive(pid)) process.kill(-pid, 'SIGKILL');
    folder.remove();
  });

  const rows = () => watched.page.locator('#event-list button').allTextContents();

  it('is there at once: on all charts and in the list, with a tooltip, by its level; a click zooms to it', async () => {
    watched = await WatchedPage.open(browser, `${api.url}#key=${ADMIN_KEY}`);
    const { page } = watched;
    await watched.reads('live', /^Live$/);
    await watched.reads('event-list', /The game server is starting\./);
    expect([await page.title(), await page.textContent('h1')]).toEqual([NAME, NAME]);
    // A young history opens on few minutes.
    expect(await page.locator('#ranges button[aria-pressed=true]').textContent()).toBe('5 min');
    for (const chart of ['memory', 'cpu']) expect(await watched.pixels(`${chart}-chart`, '--bad')).toBe(0);

    const { pid } = await api.data<{ pid: number }>('server/status');
    process.kill(pid, 'SIGKILL');
    await waitFor(async () => (await rows()).some((row) => /error.*SIGKILL/.test(row)));
    for (const chart of ['memory', 'cpu'])
      await waitFor(async () => (await watched.pixels(`${chart}-chart`, '--bad')) > 30);

    const box = await page.locator('#cpu-chart .u-over').boundingBox();
    if (box === null) throw new Error('no chart');
    const tip = page.locator('#cpu-chart .tip');
    await waitFor(async () => {
      // Five minutes end at the right edge; the crash was seconds ago.
      for (let x = box.width - 1; x > box.width - 150 && !(await tip.isVisible()); x -= 4)
        await page.mouse.move(box.x + x, box.y + 60);
      return /SIGKILL/.test((await tip.textContent()) ?? '');
    });
    expect(await page.locator('#memory-chart .tip').isVisible()).toBe(false);
    await page.keyboard.press('Escape');
    expect(await tip.isVisible()).toBe(false);

    await page.click('#event-levels button:has-text("Errors")');
    expect((await rows()).length).toBe(1);
    await page.click('#event-levels button:has-text("All")');
    expect((await rows()).length).toBeGreaterThan(1);

    await page.focus('#event-list button:has-text("SIGKILL")');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#zoom-out:not([hidden])');
    await waitFor(async () => (await watched.pixels('memory-chart', '--bad')) > 30);
    // Whoever is in the list stays there when something happens.
    const focused = () => page.evaluate(() => document.activeElement?.textContent);
    expect(await focused()).toMatch(/SIGKILL/);
    await api.request('api/v1alpha1/server/start', { method: 'POST' });
    await waitFor(async () => (await rows()).findIndex((row) => row.includes('SIGKILL')) > 0);
    // This game was not asked for its players and ticks.
    for (const id of ['players', 'ticks']) expect(await page.isVisible(`#${id}-title`)).toBe(false);
    expect(await focused()).toMatch(/SIGKILL/);
    expect(watched.messages).toEqual([]);
  });

  it('is shown as the text that it is, some of it at a time, older ones when they are wanted', async () => {
    watched = await WatchedPage.open(browser, old.url, {
      bypassCSP: true,
      viewport: { width: 320, height: 800 },
    });
    const { page } = watched;
    const begin = Date.now() - 5000;
    const events = Array.from({ length: MANY }, (_, i) => ({
      timestamp: new Date(begin - i * 3000).toISOString(),
      kind: i % 2 === 0 ? 'tick_overload' : 'players_joined',
      level: i % 2 === 0 ? 'warning' : 'info',
      text: i === 0 ? MARKUP : `Event ${i}.`,
      numbers: {},
    }));
    const asked: URLSearchParams[] = [];
    await page.route('**/api/v1alpha1/events?*', (route) => {
      const { searchParams } = new URL(route.request().url());
      asked.push(searchParams);
      const [from, to] = ['from', 'to'].map((name) => searchParams.get(name));
      const found = events
        .filter(({ timestamp }) => (!from || timestamp >= from) && (!to || timestamp < to))
        .slice(0, Number(searchParams.get('limit')));
      return route.fulfill({ json: { status: 'ok', data: { events: found, count: found.length } } });
    });
    await page.goto(`${old.url}?range=all#key=${ADMIN_KEY}`);
    await waitFor(async () => (await rows()).length === 100);
    expect((await rows())[0]).toContain(MARKUP);
    expect(await page.locator('#event-list img, #event-list b').count()).toBe(0);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
    // The charts ask for what lies before the thousand that the page holds.
    await waitFor(() => asked.some((query) => query.has('from')));

    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.evaluate(axe.source);
      const { violations } = await page.evaluate(() =>
        (Reflect.get(window, 'axe') as { run: () => Promise<axe.AxeResults> }).run(),
      );
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`)).toEqual([]);
    }

    await page.click('#event-levels button:has-text("Warnings")');
    await waitFor(async () => (await rows()).every((row) => row.includes('warning')));
    const older = page.locator('#events-older');
    for (let count = 200; count <= 1000; count += 100) {
      await older.click();
      await waitFor(async () => (await rows()).length === count);
    }
    // Every second one is a warning: the thousandth was not among the first thousand.
    expect((await rows()).at(-1)).toContain('Event 1998.');
    expect(await older.isVisible()).toBe(false);
    expect(watched.messages).toEqual([]);
  });

  it('is explained by charts of ticks and players, with the newest values in the legends', async () => {
    watched = await WatchedPage.open(browser, `${old.url}?range=1h#key=${ADMIN_KEY}`);
    const { page } = watched;
    await watched.reads('ticks-title', /^Tick time and GC pauses, ms$/);
    await page.waitForSelector('#players-title:visible');
    await waitFor(async () => (await watched.pixels('ticks-chart', '--game')) > 50);
    const legend = async (chart: string) =>
      (await page.locator(`#${chart}-chart .u-series:visible`).allTextContents()).map((row) => row.trim());
    // This API has no game: the newest samples know nothing of one. What was, is shown where it was.
    await page.hover('#players-chart .u-over', { position: { x: 60, y: 60 } });
    await waitFor(async () => /^Players\d$/.test((await legend('players'))[1] ?? ''));
    // Means hide how many there were at a time: one in ten samples has nine players, and a step of an hour is longer.
    await page.goto(`${old.url}?range=all`);
    await watched.reads('resolution', /^means of/);
    await page.hover('#players-chart .u-over', { position: { x: 500, y: 60 } });
    await waitFor(async () => /^Players9$/.test((await legend('players'))[1] ?? ''));
    expect(watched.messages).toEqual([]);
  });
});

/** A day of samples up to some minutes ago, one in ten seconds. */
function seed(file: string): void {
  const writer = new ArchiveWriter(file);
  const endMs = Date.now() - 300_000;
  writer.write(
    Array.from({ length: 8640 }, (_, i) => ({
      timestamp: new Date(endMs - (8640 - i) * 10_000),
      apiMemoryMb: 100,
      apiCpuPercent: 2,
      ...UNKNOWN_VALUES,
      gameMemoryMb: 900,
      gameCpuPercent: 110,
      players: i % 10 === 0 ? 9 : 2,
      tickMs: 12 + (i % 7),
      gcHeapMb: 400,
      machineCpuPercent: 150,
    })),
  );
  writer.close();
}
