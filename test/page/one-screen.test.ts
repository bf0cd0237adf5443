// The page as a whole: presented, printed, and what a visitor comes back to.
import type { Page } from 'playwright-core';
import t from 'tap';
import type { GradientsRequest } from '../../schemas/gradients.ts';
import { answered, editorText, noBrowser, openPage, openService, typeJson } from './browser.ts';

t.test('the page as a whole', { skip: noBrowser }, async (t) => {
  const { service, browser } = await openService(t);
  const open = (hash = '') => openPage(browser, `${service.url.href}${hash}`);

  t.test('presented: by the keys of a presenter, by themselves, and from a link', async (t) => {
    const { page } = await open('#present&step=9&example=article');
    t.ok(await page.isHidden('#tab-steps'));
    t.ok(await page.isHidden('#examples'));
    t.equal(await page.textContent('#step-title'), 'Start of the backward pass', 'the link opens at its step');
    await page.keyboard.press('PageDown');
    t.equal(await page.textContent('#present-bar output'), '10 / 21');
    await page.keyboard.press('PageUp');
    await page.keyboard.press('PageUp');
    t.equal(await page.textContent('#present-bar output'), '8 / 21');
    await page.clock.install();
    await page.click('#autoplay');
    await page.clock.runFor(11_000);
    t.equal(await page.textContent('#present-bar output'), '10 / 21', 'two steps in ten seconds');
    await page.keyboard.press('Escape');
    await page.waitForSelector('#present-bar', { state: 'detached' });
    await page.waitForSelector('#tab-steps', { state: 'visible' });
    await page.close();
  });

  t.test('a reload, Back, and another visit lose nothing', async (t) => {
    const { page } = await open('#example=xor');
    await page.click('#step-last');
    await page.click('.step-list [aria-label="backward, layer 2"]');
    await page.click('[data-key="1:2"] circle');
    await page.selectOption('#digits', '6');
    const shown = await stateOf(page);
    t.match(shown, { title: 'Layer 1: back through sigmoid', chosen: '1:2', digits: '6' });
    await page.waitForFunction(() => location.hash.includes('select=1:2') && location.hash.includes('digits=6'));
    const address = page.url();
    await reload(page);
    t.strictSame(await stateOf(page), shown, 'after a reload');
    await page.click('[data-example=digits]');
    await answered(page);
    await page.click('#tab-code');
    await page.waitForSelector('#code-text');
    await page.goBack();
    await page.waitForSelector('#tab-steps[aria-selected=true]');
    t.equal(await page.getAttribute('[data-example=digits]', 'aria-pressed'), 'true');
    await page.goBack();
    await page.waitForSelector('[data-example=xor][aria-pressed=true]');
    await answered(page);
    t.strictSame(await stateOf(page), shown, 'Back from another example');
    await page.click('a[href=docs]');
    await page.waitForURL('**/docs');
    await page.goBack();
    await answered(page);
    t.strictSame(await stateOf(page), shown, 'Back from another page');

    await page.click('#tab-request');
    await page.click('#tab-json');
    await editorText(page);
    await typeJson(page, '{"network": ');
    await page.waitForSelector('body[data-state=unreadable]');
    await reload(page, 'waiting');
    t.equal(await editorText(page), '{"network": ', 'what does not parse survives a reload, too');
    await page.click('#tab-steps');
    const other = await page.context().newPage();
    await other.goto(address);
    await answered(other);
    t.match(await stateOf(other), { title: shown.title, chosen: shown.chosen, digits: '6' }, 'a link in another tab');
    await page.close();
    await other.close();
  });

  t.test('a large request survives a reload, though no address holds it', async (t) => {
    const { page } = await open();
    await page.click('#tab-request');
    await page.setInputFiles('#file', {
      name: 'large.json',
      mimeType: 'application/json',
      buffer: Buffer.from(JSON.stringify(large)),
    });
    await page.waitForSelector('#parameters:text-is("12100")');
    await answered(page);
    await page.click('#tab-steps');
    await page.click('#step-next');
    t.ok((await page.locator('#content *').count()) < 1000, 'matrices are drawn, not elements');
    await page.waitForFunction(() => location.hash.includes('step=2'));
    t.ok(page.url().length < 200, page.url());
    await reload(page);
    t.equal(await page.textContent('#parameters'), '12100');
    t.equal(await page.textContent('#step-title'), 'Layer 1: weighted sum');
    const later = await page.context().newPage();
    await later.goto(service.url.href);
    await answered(later);
    t.equal(await later.textContent('#parameters'), '12100', 'and is there in another visit');
    t.match(await later.textContent('#notice'), 'The request of your last visit is shown.');
    await page.close();
    await later.close();
  });

  t.test('printed, and in forced colours', async (t) => {
    const { page, complaints } = await open();
    await page.emulateMedia({ media: 'print' });
    t.ok(await page.isHidden('.step-list'));
    t.ok(await page.isVisible('#step .cells button'), 'which has a number');
    t.ok(await page.isHidden('.copy-menu'));
    t.ok(await page.isHidden('#save-picture'));
    t.equal(await page.locator('#view').evaluate((view) => getComputedStyle(view).overflowY), 'visible');
    await page.emulateMedia({ media: 'screen', forcedColors: 'active' });
    const colour = (selector: string) =>
      page
        .locator(selector)
        .first()
        .evaluate((element) => getComputedStyle(element).backgroundColor);
    t.not(await colour('#step .cells td'), await colour('#step'), 'cells keep their colours');
    t.not(await colour('#tab-steps'), await colour('#tab-code'), 'what is chosen differs by more than a line');
    t.strictSame(complaints, []);
    await page.close();
  });
});

/** A network of 100 × 120 weights. */
const large: GradientsRequest = {
  network: { layers: [{ weights: noise(100, 120), biases: noise(1, 100)[0] }] },
  batch: { inputs: noise(2, 120), targets: noise(2, 100) },
};

function noise(rows: number, columns: number): number[][] {
  return Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => Math.sin(i * columns + j)));
}

async function reload(page: Page, state = 'answered'): Promise<void> {
  await page.reload();
  await page.waitForSelector(state === 'answered' ? 'body[data-state=answered] #picture' : '#app main');
}

/** What a visitor sees of the state. */
async function stateOf(page: Page) {
  return {
    title: await page.textContent('#step-title'),
    number: await page.getAttribute('#step .full', 'data-full'),
    chosen: await page.locator('.chosen').first().getAttribute('data-key'),
    digits: await page.inputValue('#digits'),
    loss: await page.textContent('#loss-value'),
  };
}
