// Files in a browser: networks that are built or opened; the picture, a matrix and the answer, saved and copied.
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import t from 'tap';
import { answered, noBrowser, openPage, openService } from './browser.ts';
import { safetensorsFile } from './safetensors-file.ts';

async function saved(page: Page, button: string): Promise<{ name: string; contents: Buffer }> {
  const download = page.waitForEvent('download');
  await page.click(button);
  const file = await download;
  return { name: file.suggestedFilename(), contents: await readFile(await file.path()) };
}

t.test('files in a browser', { skip: noBrowser }, async (t) => {
  const { service, browser } = await openService(t);
  const { page, complaints, sent } = await openPage(browser, service.url.href);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.click('[data-example=xor]');
  await answered(page);

  t.test('the picture', async (t) => {
    const svg = await saved(page, '#save-picture button >> text=SVG');
    t.equal(svg.name, 'network.svg');
    const source = `${svg.contents}`;
    t.notMatch(source, /class=|var\(|color\(/, 'it needs no style sheet');
    const drawn = await page.evaluate((source) => {
      const parsed = new DOMParser().parseFromString(source, 'image/svg+xml');
      const count = (of: ParentNode, what: string) => of.querySelectorAll(what).length;
      const shown = document.querySelector('#network svg') as Element;
      const colour = (of: ParentNode) => of.querySelector('circle')?.getAttribute('fill');
      return {
        error: count(parsed, 'parsererror'),
        counts: ['line', 'circle', 'text'].map((what) => [count(parsed, what), count(shown, what)]),
        colour: colour(parsed),
        negative: parsed.querySelector('line[stroke-dasharray="6px, 3.5px"]') !== null,
      };
    }, source);
    t.equal(drawn.error, 0);
    for (const [inFile, onPage] of drawn.counts) t.ok(inFile > 0 && inFile === onPage, `${inFile} shapes of ${onPage}`);
    t.match(drawn.colour, /^#[0-9a-f]{6}$/);
    t.ok(drawn.negative, 'what is below 0 is dashed');

    const png = await saved(page, '#save-picture button >> text=PNG');
    t.equal(png.name, 'network.png');
    t.equal(png.contents.toString('latin1', 1, 4), 'PNG');
    const pixels = await page.evaluate(async (base64) => {
      const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
      const image = await createImageBitmap(new Blob([bytes]));
      const context = new OffscreenCanvas(image.width, image.height).getContext('2d') as OffscreenCanvasRenderingContext2D;
      context.drawImage(image, 0, 0);
      const svg = document.querySelector('#network svg') as SVGSVGElement;
      const [unit] = (svg.querySelector('[data-key="1:0"]') as Element).getAttribute('transform')?.match(/[\d.]+,[\d.]+/) ?? [];
      const [x, y] = (unit as string).split(',').map(Number);
      const radius = Number(svg.querySelector('circle')?.getAttribute('r'));
      const at = (x: number, y: number) => [...context.getImageData(2 * x, 2 * y, 1, 1).data].join();
      return {
        size: [image.width / 2, image.height / 2],
        box: [svg.clientWidth, svg.clientHeight],
        corner: at(1, 1),
        unit: at(x, y - radius * 0.8),
      };
    }, png.contents.toString('base64'));
    t.strictSame(pixels.size, pixels.box);
    t.not(pixels.unit, pixels.corner, 'a unit is coloured');
  });

  t.test('a matrix', async (t) => {
    await page.click('[data-symbol=X_1] .copy-menu summary');
    await page.click('[data-symbol=X_1] .copy-menu >> text=NumPy');
    const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
    t.equal((await clipboard()).replaceAll(/\s+/g, ' '), 'X_1 = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])');
    t.equal(await page.locator('.copy-menu[open]').count(), 0, 'the menu closes');
    await page.click('[data-symbol=X_1] .copy-menu summary');
    await page.click('[data-symbol=X_1] .copy-menu >> text=MATLAB');
    t.equal(await clipboard(), 'X_1 = [0 0; 0 1; 1 0; 1 1];');

    const copied = async (symbol: string, language: string) => {
      const figure = page.locator(`[data-symbol="${symbol}"]`).first();
      await figure.locator('.copy-menu summary').click();
      await figure.locator(`.copy-menu >> text=${language}`).click();
      return clipboard();
    };
    await page.click('.step-list [aria-label="backward, layer 2"]');
    const shown = await page.locator('[data-symbol=dZ_2] td').evaluateAll((cells) => cells.map((cell) => cell.dataset.value));
    t.equal(await copied('dZ_2', 'MATLAB'), `dZ_2 = [${shown.join('; ')}];`, 'every digit');
    t.equal(await copied('dZ_2', 'NumPy'), `dZ_2 = np.array([[${shown.join('],\n                 [')}]])`);
    await page.click('[data-example=digits]');
    await answered(page);
    const pictures = JSON.parse((await copied('X_1', 'NumPy')).replace(/^X_1 = np\.array\((.*)\)$/s, '$1'));
    t.strictSame(pictures, sent().batch.inputs, 'also of a matrix that is a drawing');
    await page.click('[data-example=xor]');
    await answered(page);
  });

  t.test('the answer', async (t) => {
    await page.click('#tab-request');
    const { name, contents } = await saved(page, '#save-answer');
    t.equal(name, 'answer.json');
    const answer = JSON.parse(`${contents}`);
    t.equal(`${answer.loss}`, await page.getAttribute('#loss-value', 'data-value'));
    const response = await fetch(new URL('gradients', service.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(sent()),
    });
    t.match(answer, (await response.json()) as object, "the service's");
  });

  t.test('a network by its sizes, and from files', async (t) => {
    await page.click('#tab-request');
    await page.fill('#sizes', '2-4-3-');
    await page.fill('#sizes', '2-x');
    t.match(await page.textContent('#sizes-error'), /^Expected two or more whole numbers/);
    await page.fill('#sizes', '2-4-2');
    await page.click('#build button');
    await page.waitForFunction(() => document.getElementById('parameters')?.textContent === '22');
    await answered(page);
    t.equal(await page.inputValue('#sizes'), '2-4-2');

    const open = (name: string, buffer: Buffer) =>
      page.setInputFiles('#file', { name, mimeType: 'application/octet-stream', buffer });
    const file = safetensorsFile([
      ['0.weight', 'F32', [3, 2], [0.5, -1, 2, 0.25, 1, -0.5]],
      ['0.bias', 'F32', [3], [0.5, 0.25, -2]],
      ['2.weight', 'F32', [1, 3], [1, -1, 0.5]],
    ]);
    await open('model.safetensors', Buffer.from(file));
    await page.waitForFunction(() => document.getElementById('parameters')?.textContent === '12');
    await answered(page);
    t.equal(await page.inputValue('#sizes'), '2-3-1');
    t.equal(await page.inputValue('[data-pointer="/network/layers/0/weights/1/0"]'), '2');
    await page.click('#undo');
    await page.waitForFunction(() => document.getElementById('parameters')?.textContent === '22');
    await answered(page);

    await open('model.json', Buffer.from('{"a.weight": [[1, 2]], "b.weight": [[1, 2]]}'));
    await page.waitForSelector('#problem:not([hidden])');
    t.match(await page.textContent('#problem'), /The sizes of the layers do not match: a\.weight is 1 × 2/);
    await open('model.pt', Buffer.from('PK'));
    await page.waitForSelector('#problem >> text=torch.load');
    t.match(await page.textContent('#problem'), /torch\.load\('model\.pt'/);
  });
  t.strictSame(complaints, []);
});
