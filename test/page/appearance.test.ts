// How the page looks: every view with content, at every size, light and dark, in English and Chinese. Nothing is wider than the window, axe
// finds no violations, in Chinese nothing is left in English, and the article's example needs no scrolling.
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { examples } from '../../schemas/examples.ts';
import { pageExamples } from '../../src/page/request/examples.ts';
import { languages } from '../../src/page/state.ts';
import { en } from '../../src/page/text/en.ts';
import { zh } from '../../src/page/text/zh.ts';
import type { Service } from '../support/process.ts';
import { answered, editorText, noBrowser, openPage, openService, refused, typeJson } from './browser.ts';
import { textsOf } from './texts.ts';

const SIZES = [
  { width: 1280, height: 720 },
  { width: 1920, height: 1080 },
  { width: 390, height: 844 },
  { width: 320, height: 700 },
];
const [DESKTOP, LARGE] = SIZES;
const SCHEMES = ['light', 'dark'] as const;

/** What is shown, by the view that is there before it; each with content. */
const scenes: Record<string, (page: Page) => Promise<void>> = {
  async steps(page) {
    await example(page, 'article');
    await page.click('#tab-steps');
    await page.click('#step-last');
    await page.click('[data-key="1:1"] circle');
  },
  async present(page) {
    await example(page, 'xor');
    for (let step = 1; step < 5; step++) await page.click('#step-next');
    await page.click('#present');
    await page.waitForSelector('#present-bar');
  },
  async request(page) {
    await page.click('#end-present');
    await page.click('#tab-request');
    await page.click('#tab-form');
    await page.waitForSelector('#form');
  },
  async json(page) {
    await page.click('#tab-json');
    await editorText(page);
    await typeJson(page, '{"network": {}}');
    await refused(page);
  },
  async check(page) {
    await example(page, 'article');
    await page.click('#tab-check');
    await page.click('#try-wrong');
    await page.waitForSelector('#diagnoses [data-mistake]');
  },
  async train(page) {
    await page.click('#tab-train');
    await page.click('[data-generator=xor]');
    await answered(page);
    for (let step = 1; step <= 3; step++) {
      await page.click('#train-step');
      await page.waitForSelector(`#train-count[data-steps="${step}"]`);
    }
    await page.waitForSelector('#decisions circle');
    await page.waitForSelector('#loss-curve path');
  },
  async charts(page) {
    await page.click('#tab-charts');
    await page.waitForSelector('#charts:not([aria-busy]) figure');
  },
  async code(page) {
    await page.click('#tab-code');
    await page.waitForSelector('#code-text');
  },
  async service(page) {
    await page.click('#tab-service');
    await page.waitForSelector('#datasets li');
    await page.waitForSelector('#jobs [data-state=succeeded]');
  },
};

t.test('the appearance of the page', { skip: noBrowser }, async (t) => {
  const { service, browser } = await openService(t);
  await fill(service);
  const { page, complaints } = await openPage(browser, service.url.href);
  // Evaluated, not added as a script: the page's content security policy would block that.
  await page.evaluate(axe.source);

  for (const language of languages) {
    if (language === 'zh') await page.click('#language');
    await page.waitForSelector(`html[lang^=${language}]`);

    t.test(`${language}: the article's example from the first step to the last, with nothing scrolled`, async (t) => {
      await example(page, 'article');
      await page.click('#tab-steps');
      // On a tab, arrow keys go to other tabs.
      await page.locator('#tab-steps').blur();
      for (const size of language === 'en' ? [LARGE, DESKTOP] : [DESKTOP]) {
        await page.setViewportSize(size);
        await page.keyboard.press('Home');
        const scrolled: string[] = [];
        for (let step = 1; step <= 21; step++) {
          t.equal(await page.textContent('#step-count'), `${step} / 21`);
          scrolled.push(...(await page.evaluate(tooLarge)).map((what) => `step ${step}: ${what}`));
          if (language === 'zh') t.strictSame(await inEnglish(page), [], `step ${step}: in Chinese`);
          await page.keyboard.press('ArrowRight');
        }
        t.strictSame(scrolled, [], `${size.width} × ${size.height}`);
        const [picture, step] = await Promise.all(['#picture', '#step'].map((part) => page.locator(part).boundingBox()));
        t.ok(picture && step && picture.x + picture.width <= step.x, 'the picture is left, the step right');
      }
    });

    for (const [scene, show] of Object.entries(scenes)) {
      t.test(`${language}: ${scene}`, async (t) => {
        await show(page);
        await page.evaluate(() => {
          for (const details of document.querySelectorAll('details')) details.open = true;
        });
        for (const [i, size] of SIZES.entries()) {
          await page.setViewportSize(size);
          await fits(t, page, size.width);
          if (language === 'zh') t.strictSame(await inEnglish(page), [], `${size.width}: in Chinese`);
          // Every size in each scheme, in one of the languages.
          const colorScheme = SCHEMES[(i + languages.indexOf(language)) % SCHEMES.length];
          await page.emulateMedia({ colorScheme });
          t.strictSame(await violations(page), [], `${size.width}, ${colorScheme}: axe`);
        }
        await page.setViewportSize(DESKTOP);
      });
    }
  }

  t.test('no example is wider than the window', async (t) => {
    await page.click('#tab-steps');
    for (const { name } of pageExamples) {
      await example(page, name);
      await page.click('#step-last');
      for (const size of SIZES) {
        await page.setViewportSize(size);
        await fits(t, page, size.width);
      }
    }
    t.strictSame(await violations(page), [], 'axe, where matrices are scrolled');
  });

  const unexpected = complaints.filter((text) => !text.includes('422'));
  t.strictSame(unexpected, [], 'the console has nothing but the refusals that were asked for');
});

/** Gives the service a dataset and a job. */
async function fill({ url }: Service): Promise<void> {
  const put = (path: string, method: string, type: string, body: string) =>
    fetch(new URL(path, url), { method, headers: { 'content-type': type, prefer: 'respond-async' }, body });
  await put('datasets/measured?classes=c', 'PUT', 'text/csv', 'a,b,c\n0,0,0\n1,1,1\n');
  await put('gradients', 'POST', 'application/json', JSON.stringify(examples.article.request));
}

/** Waits until what follows the width of the window has been drawn, and checks that nothing is wider. */
async function fits(t: Test, page: Page, width: number): Promise<void> {
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  await page.waitForSelector('body:not(:has(#charts[aria-busy]))');
  const scrolled = await page.evaluate(() => document.documentElement.scrollWidth);
  t.ok(scrolled <= width, `${scrolled} of ${width} pixels`);
}

async function example(page: Page, name: string): Promise<void> {
  await page.click(`[data-example=${name}]`);
  await answered(page);
}

/** The parts of the page that would have to be scrolled. */
function tooLarge(): string[] {
  const parts = ['html', '#view', '#picture', '.formula'].map(
    (selector) => [selector, document.querySelector(selector)] as const,
  );
  return parts
    .filter(([, part]) => part && (part.scrollHeight > part.clientHeight + 1 || part.scrollWidth > part.clientWidth + 1))
    .map(([selector]) => selector);
}

const english = new Set(textsOf(en));
// What is also a name of the API: such names are shown as they are.
for (const same of ['gradients', 'loss', 'mean', ...textsOf(zh)]) english.delete(same);

/** The texts, labels and hints of the page that are English texts of its dictionary, and explanations without a Chinese character. */
async function inEnglish(page: Page): Promise<string[]> {
  const [said, prose] = await page.evaluate(() => {
    const found: string[] = [];
    for (const element of document.querySelectorAll('#app *')) {
      if (element.closest('[lang=en], .rows tbody')) continue;
      for (const name of ['aria-label', 'title', 'placeholder', 'aria-valuetext']) found.push(element.getAttribute(name) ?? '');
      for (const node of element.childNodes) if (node.nodeType === Node.TEXT_NODE) found.push(node.textContent ?? '');
    }
    return [found, [...document.querySelectorAll('#step .why')].map((why) => why.textContent ?? '')];
  });
  return [
    ...said.map((text) => text.trim()).filter((text) => english.has(text)),
    ...prose.filter((text) => !/\p{Script=Han}/u.test(text)),
  ];
}

interface Axe {
  run(options: object): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }>;
}

async function violations(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const { violations } = await (window as unknown as { axe: Axe }).axe.run({ resultTypes: ['violations'] });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 150)} ${failureSummary}`),
    );
  });
}
