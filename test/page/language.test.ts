// The languages of the page: chosen by the browser, switched by hand, kept in the link; in Chinese nothing is left in English.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import t from 'tap';
import { languageFor, viewNames } from '../../src/page/state.ts';
import { en } from '../../src/page/text/en.ts';
import { loadTexts } from '../../src/page/text/text.ts';
import { zh } from '../../src/page/text/zh.ts';
import { startService } from '../support/process.ts';
import { answered, noBrowser, openBrowser } from './browser.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The texts of a dictionary that need no parameters and have a word of English prose. */
function textsOf(of: unknown): string[] {
  if (typeof of === 'string') return /[a-z]{3}/.test(of) ? [of] : [];
  return of instanceof Object && typeof of !== 'function' ? Object.values(of).flatMap(textsOf) : [];
}

const english = new Set(textsOf(en));
// What is also a name of the API or of a field: the form shows those as they are.
for (const same of ['loss', 'mean', ...textsOf(zh)]) english.delete(same);

t.test("the first of the browser's languages that the page has", async (t) => {
  t.equal(languageFor(['fr', 'zh-TW', 'en']), 'zh');
  t.equal(languageFor(['en-GB', 'zh']), 'en');
  t.equal(languageFor(['fr']), 'en');
  t.equal(languageFor([]), 'en');
});

t.test('the texts of both languages are of the same kind, and all of the Chinese ones have been translated', async (t) => {
  await loadTexts('zh');
  await loadTexts('en');
  const kept = ['JSON', 'Adam', 'XOR', en.check.placeholder];
  const both = textsOf(en).filter((text) => textsOf(zh).includes(text));
  t.strictSame(
    both.filter((text) => !kept.includes(text)),
    [],
  );
});

t.test('the page in Chinese', { skip: noBrowser }, async (t) => {
  const service = await startService();
  const browser = await openBrowser();
  t.teardown(async () => {
    await browser.close();
    service.process.kill();
    await service.exit;
  });
  const url = service.url.href;

  for (const viewport of [
    { width: 1280, height: 720 },
    { width: 390, height: 844 },
  ]) {
    t.test(`no English text at ${viewport.width} pixels, and no violations`, async (t) => {
      const page = await open(browser, url, 'zh-CN', viewport);
      t.equal(await page.getAttribute('html', 'lang'), 'zh-CN');
      t.equal(await page.title(), zh.ui.title);
      await page.evaluate(AXE);
      for (const view of viewNames) {
        await page.click(`#tab-${view}`);
        await page.waitForSelector(`#view[aria-labelledby=tab-${view}] section`);
        t.strictSame(
          (await said(page)).filter((text) => english.has(text)),
          [],
          view,
        );
        t.strictSame(await violations(page), [], `${view}: axe`);
        t.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${view} is not wider`);
      }
      await page.click('#tab-steps');
      const count = Number((await page.textContent('#step-count'))?.split('/')[1]);
      for (let step = 1; step <= count; step++) {
        t.equal(await page.textContent('#step-count'), `${step} / ${count}`);
        const prose = (await page.locator('#step .why').allInnerTexts()).filter((text) => !/\p{Script=Han}/u.test(text));
        t.strictSame(prose, [], `step ${step}`);
        t.strictSame(
          (await said(page)).filter((text) => english.has(text)),
          [],
          `step ${step}`,
        );
        if (step < count) await page.click('#step-next');
      }
      await page.context().close();
    });
  }

  t.test('a switch, a link and a reload keep the language; English loads no Chinese', async (t) => {
    const page = await open(browser, url, 'en-US');
    const scripts = () =>
      page.evaluate(() =>
        performance
          .getEntriesByType('resource')
          .map(({ name }) => name)
          .filter((name) => /\/zh-/.test(name)),
      );
    t.strictSame(await scripts(), []);
    t.equal(await page.getAttribute('html', 'lang'), 'en');
    await page.click('#language');
    await page.waitForSelector('html[lang=zh-CN]');
    t.equal((await scripts()).length, 1);
    t.equal(await page.textContent('h1'), zh.ui.heading);
    await page.waitForURL(/#language=zh/);
    await page.reload();
    await answered(page);
    t.equal(await page.textContent('h1'), zh.ui.heading, 'after a reload');
    const other = await open(browser, page.url(), 'en-US');
    t.equal(await other.textContent('h1'), zh.ui.heading, 'by its link');
    await page.click('#language');
    await page.waitForSelector('html[lang=en]');
    t.equal(await page.textContent('h1'), en.ui.heading);
    await other.context().close();
    await page.context().close();
  });

  t.test('without the Chinese texts the page is English, and says so', async (t) => {
    const context = await browser.newContext({ locale: 'zh-CN' });
    const page = await context.newPage();
    await page.route(/\/zh-[^/]*\.js$/, (route) => route.abort());
    await page.goto(url);
    await answered(page);
    t.equal(await page.getAttribute('html', 'lang'), 'en');
    t.match(await page.textContent('#notice'), en.ui.languageFailed);
    await context.close();
  });

  t.test("the article's example names and links the article", async (t) => {
    for (const locale of ['en-US', 'zh-CN']) {
      const page = await open(browser, url, locale);
      const link = page.locator('#example-text a');
      t.equal(await link.getAttribute('href'), 'https://www.bbbdata.com');
      t.match(await link.textContent(), '《老饼讲解-深度学习》');
      await page.context().close();
    }
  });
});

async function open(browser: Browser, url: string, locale: string, viewport = { width: 1280, height: 720 }): Promise<Page> {
  const context = await browser.newContext({ locale, viewport });
  const page = await context.newPage();
  await page.goto(url);
  await answered(page);
  return page;
}

/** All that the page says: its texts, its labels and its hints. */
async function said(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    for (const element of document.querySelectorAll('#app *')) {
      if (element.closest('[lang=en], .rows tbody')) continue;
      for (const name of ['aria-label', 'title', 'placeholder', 'aria-valuetext']) found.push(element.getAttribute(name) ?? '');
      for (const node of element.childNodes) if (node.nodeType === Node.TEXT_NODE) found.push(node.textContent ?? '');
    }
    return found.map((text) => text.trim());
  });
}

interface Axe {
  run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }>;
}

async function violations(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const { violations } = await (window as unknown as { axe: Axe }).axe.run();
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 150)}`));
  });
}
