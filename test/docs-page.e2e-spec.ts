import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Browser } from 'playwright-core';
import { ADMIN_KEY, ApiProcess } from '../src/testing/api-process.mjs';
import { temporaryFolder } from '../src/testing/temporary-folder.js';
import { CHROMIUM, launchBrowser, WatchedPage } from './support/browser.js';
import { describeWith } from '../src/testing/components.js';

describeWith('Chromium', CHROMIUM)('the page at /docs, in a browser', () => {
  const folder = temporaryFolder();
  let browser: Browser;
  let api: ApiProcess;

  beforeAll(async () => {
    browser = await launchBrowser();
    api = await ApiProcess.start({ VS_DATA_DIR: '' }, folder.path);
  });

  afterAll(async () => {
    await browser.close();
    await api.kill();
    folder.remove();
  });

  it.each([
    ['X-API-Key', 'Bearer'],
    ['Bearer', 'X-API-Key'],
  ])('calls the API with a key as %s, and nothing of it is blocked or foreign', async (scheme, other) => {
    const { page, messages, requests } = await WatchedPage.open(browser, new URL('docs', api.url).href);
    const operation = page.locator('#operations-metrics-Metrics_current');
    await operation.locator('.opblock-summary').click();
    await operation.locator('.try-out__btn').click();

    await page.locator('.btn.authorize').click();
    const form = page.locator('.auth-container').filter({ hasText: scheme }).filter({ hasNotText: other });
    await form.locator('input').fill(ADMIN_KEY);
    await form.locator('button.authorize').click();
    await page.locator('.btn-done').first().click();

    const asked = page.waitForRequest(/metrics\/current$/);
    await operation.locator('.execute').click();
    const request = await asked;
    expect((await request.response())?.status()).toBe(200);
    const header = scheme === 'Bearer' ? 'authorization' : 'x-api-key';
    expect(Object.keys(request.headers()).filter((name) => /^(x-api-key|authorization)$/.test(name))).toEqual(
      [header],
    );
    expect(messages).toEqual([]);
    const foreign = requests.filter((url) => !url.startsWith(api.url) && !url.startsWith('data:'));
    expect(foreign).toEqual([]);
  });
});
