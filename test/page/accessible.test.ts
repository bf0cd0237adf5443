// Accessibility of the page: light and dark, wide and narrow, checked by axe.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import t from 'tap';
import { viewNames } from '../../src/page/state.ts';
import { startService } from '../support/process.ts';
import { answered, DESKTOP, type Look, noBrowser, openBrowser, openPage, refused, typeJson } from './browser.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PHONE: Look = { width: 320, height: 700, scheme: 'light' };

t.test('axe finds no violations, in light and dark, wide and narrow', { skip: noBrowser }, async (t) => {
  const service = await startService();
  const browser = await openBrowser();
  t.teardown(async () => {
    await browser.close();
    service.process.kill();
    await service.exit;
  });
  const open = (look: Look) => openPage(browser, service.url.href, look);
  for (const look of [DESKTOP, { ...DESKTOP, scheme: 'dark' as const }, PHONE, { ...PHONE, scheme: 'dark' as const }]) {
    const name = `${look.scheme}, ${look.width} pixels`;
    const { page } = await open(look);
    // Evaluated, not added as a script: the page's content security policy would block that.
    await page.evaluate(AXE);
    for (const view of viewNames) {
      await page.click(`#tab-${view}`);
      await page.waitForSelector(`#view[aria-labelledby=tab-${view}] section`);
      if (view === 'charts') await page.waitForSelector('#charts:not([aria-busy]) figure');
      if (view === 'steps') await page.click('[data-key="1:1"] circle');
      await page.evaluate(() => {
        for (const details of document.querySelectorAll('details')) details.open = true;
      });
      t.strictSame(await violations(page), [], `${name}: ${view}`);
      t.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name}: ${view} is not wider`);
    }
    await page.click('#tab-steps');
    for (const example of ['digits', 'exploding']) {
      await page.click(`[data-example=${example}]`);
      await answered(page);
      t.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name}: ${example} is not wider`);
    }
    if ((look.scheme === 'dark') === (look.width === PHONE.width)) {
      await page.click('#tab-request');
      await page.click('#tab-json');
      await page.waitForSelector('.cm-content');
      await typeJson(page, '{"network": {}}');
      await refused(page);
      t.strictSame(await violations(page), [], `${name}, with an error`);
      await page.click('[data-example=article]');
      await answered(page);
      await page.click('#tab-steps');
      await page.click('#present');
      t.strictSame(await violations(page), [], `${name}, presented`);
    }
    await page.close();
  }
});

interface Axe {
  run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }>;
}

async function violations(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const { violations } = await (window as unknown as { axe: Axe }).axe.run();
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 150)} ${failureSummary}`),
    );
  });
}
