// The languages of the page: chosen by the browser, switched by hand, kept in the link. That the Chinese page has no English is in
// appearance.test.ts.
import type { Browser, Page } from 'playwright-core';
import t from 'tap';
import { languageFor } from '../../src/page/state.ts';
import { en } from '../../src/page/text/en.ts';
import { loadTexts } from '../../src/page/text/text.ts';
import { zh } from '../../src/page/text/zh.ts';
import { answered, noBrowser, openService } from './browser.ts';
import { textsOf } from './texts.ts';

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
  const { service, browser } = await openService(t);
  const url = service.url.href;

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

async function open(browser: Browser, url: string, locale: string): Promise<Page> {
  const context = await browser.newContext({ locale });
  const page = await context.newPage();
  await page.goto(url);
  await answered(page);
  return page;
}
