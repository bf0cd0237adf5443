// Undo and redo in a browser: they outlast a reload and the way back from another page, as far as the browser keeps anything.
import type { Page } from 'playwright-core';
import t from 'tap';
import { answered, noBrowser, openPage, openService } from './browser.ts';

const field = '#field-network-layers-0-weights-0-0';

/** Replaces the first weight. */
async function edit(page: Page, weight: string): Promise<void> {
  await type(page, weight);
  await shows(page, weight);
}

async function type(page: Page, weight: string): Promise<void> {
  await page.locator('#weights-0').evaluate((details: HTMLDetailsElement) => {
    details.open = true;
  });
  await page.fill(field, weight);
  await page.press(field, 'Tab');
}

/** Waits until the first weight is this one, and the request has been answered. */
async function shows(page: Page, weight: string): Promise<void> {
  await page.waitForFunction(([field, weight]) => document.querySelector<HTMLInputElement>(field)?.value === weight, [
    field,
    weight,
  ] as const);
  await answered(page);
}

/** Waits until the address has the request. */
async function written(page: Page, weight: string): Promise<void> {
  await page.waitForFunction(async (weight) => {
    const packed = new URLSearchParams(location.hash.slice(1)).get('request') ?? '';
    const bytes = Uint8Array.fromBase64(packed, { alphabet: 'base64url' });
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
    const { network } = JSON.parse((await new Response(stream).text()) || '{}');
    return `${network?.layers[0].weights[0][0]}` === weight;
  }, weight);
}

t.test('undo and redo in a browser', { skip: noBrowser }, async (t) => {
  const { service, browser } = await openService(t);
  const open = async () => {
    const opened = await openPage(browser, service.url.href);
    await opened.page.click('#tab-request');
    return opened;
  };
  const reload = async (page: Page) => {
    await page.reload();
    await answered(page);
  };
  const can = async (page: Page) => [await page.isEnabled('#undo'), await page.isEnabled('#redo')];

  t.test('after a reload, and after Back', async (t) => {
    const { page, complaints } = await open();
    t.strictSame(await can(page), [false, false]);
    await edit(page, '0.2');
    await edit(page, '0.3');
    await page.click('#undo');
    await shows(page, '0.2');
    await reload(page);
    await shows(page, '0.2');
    t.strictSame(await can(page), [true, true]);
    await page.click('#redo');
    await shows(page, '0.3');
    await page.click('#undo');
    await page.click('#undo');
    await shows(page, '0.1');
    t.equal(await page.getAttribute('[data-example=article]', 'aria-pressed'), 'true', 'an example is one again');
    await page.click('#redo');
    await page.click('#redo');
    await shows(page, '0.3');
    await page.click('[data-example=xor]');
    await shows(page, '-1.12');
    await page.waitForFunction(() => location.hash.includes('example=xor'));
    await reload(page);
    await page.goBack();
    await shows(page, '0.3');
    await page.click('#undo');
    await shows(page, '0.2');
    await page.click('#redo');
    await page.click('#redo');
    await shows(page, '-1.12');
    t.strictSame(await can(page), [true, false], 'Back was an undo of the example');
    await page.click('a[href=docs]');
    await page.waitForURL('**/docs');
    await page.goBack();
    await shows(page, '-1.12');
    await page.click('#undo');
    await shows(page, '0.3');
    await edit(page, '0.4');
    t.strictSame(await can(page), [true, false]);
    t.strictSame(complaints, []);
    await page.close();
  });

  t.test('a reload at once, before the history is written', async (t) => {
    const { page } = await open();
    for (const weight of ['0.2', '0.3', '0.4', '0.5']) {
      await type(page, weight);
      await reload(page);
      await shows(page, weight);
    }
    await page.click('#tab-code');
    await page.goBack();
    await shows(page, '0.5');
    for (const weight of ['0.4', '0.3', '0.2', '0.1']) {
      await page.click('#undo');
      await shows(page, weight);
    }
    t.strictSame(await can(page), [false, true]);
    await page.close();
  });

  t.test('where the browser keeps nothing, or has no room', async (t) => {
    const { page, complaints } = await open();
    await edit(page, '0.2');
    await page.evaluate(() => {
      for (let length = 2 ** 22; length >= 1; length /= 2) {
        try {
          for (let i = 0; ; i++) sessionStorage.setItem(`${length}/${i}`, 'x'.repeat(length));
        } catch {
          // Full, but for what is shorter.
        }
      }
    });
    await edit(page, '0.3');
    await written(page, '0.3');
    await reload(page);
    await shows(page, '0.3');
    t.strictSame(await can(page), [false, false]);
    await page.addInitScript(() => {
      Object.defineProperty(window, 'sessionStorage', {
        get() {
          throw new DOMException('forbidden', 'SecurityError');
        },
      });
    });
    await reload(page);
    await edit(page, '0.4');
    await page.click('#undo');
    await shows(page, '0.3');
    await written(page, '0.3');
    await reload(page);
    await shows(page, '0.3');
    t.strictSame(await can(page), [false, false]);
    t.strictSame(complaints, []);
    await page.close();
  });
});
