// The choice of data in "Train" in a browser: columns of a CSV file, and datasets of the service with classes.
import type { Page } from 'playwright-core';
import t from 'tap';
import type { GradientsRequest } from '../../../schemas/gradients.ts';
import { answered, noBrowser, openPage, openService } from '../browser.ts';

/** The last request for the steps of the page, others than those for plots. */
function recordedOf(page: Page): () => GradientsRequest {
  let last = '';
  page.on('request', (request) => {
    if (request.postData()?.includes('"trace"')) last = request.postData() ?? '';
  });
  return () => JSON.parse(last);
}

t.test('the data in a browser', { skip: noBrowser }, async (t) => {
  const { service, browser } = await openService(t);

  t.test('columns of a CSV file', async (t) => {
    const { page, complaints } = await openPage(browser, service.url.href);
    const sent = recordedOf(page);
    const sizes = () => sent().network.layers.map(({ weights }) => weights.length);
    await page.click('#tab-train');
    const open = async (name: string, content: string) => {
      await page.setInputFiles('#csv', { name, mimeType: 'text/csv', buffer: Buffer.from(content) });
    };
    const choice = async () => [await page.inputValue('#csv-columns'), await page.inputValue('#csv-kind')];
    await open('flowers.csv', 'kind,length,width\nrose,1,2.5\niris,3,5\nlily,4,6\n');
    await page.waitForSelector('#train-data .error');
    t.match(await page.textContent('#train-data .error'), /^Row 1, column kind: expected a number, got "rose"/);
    t.strictSame(await choice(), ['width', 'targets'], 'the last column, which does not suit here');
    t.match(await page.textContent('#csv-choice'), /^flowers\.csv: 3 rows/);
    const choose = async (columns: string) => {
      await page.fill('#csv-columns', columns);
      await page.press('#csv-columns', 'Tab');
    };
    await choose('kind');
    await page.waitForSelector('#train-data .error', { state: 'detached' });
    await answered(page);
    t.strictSame(await choice(), ['kind', 'classes']);
    t.strictSame(sent().batch, {
      inputs: [
        [1, 2.5],
        [3, 5],
        [4, 6],
      ],
      classes: [2, 0, 1],
    });
    t.strictSame(sizes(), [8, 3]);
    await page.selectOption('#csv-kind', 'targets');
    t.match(await page.textContent('#train-data .error'), /can only be learned, as classes/);
    await choose('colour');
    await page.waitForSelector('#train-data .error >> text=There is no column "colour".');

    await open('numbers.csv', 'x,y,a,b\n1,2,0,5\n3,4,1,6\n');
    await page.waitForSelector('#csv-choice >> text=numbers.csv: 2 rows');
    await answered(page);
    t.strictSame(await choice(), ['b', 'classes']);
    await page.click('#tab-request');
    await page.fill('#sizes', '3-5-4-1');
    await page.click('#build button');
    await page.click('#tab-train');
    await choose('3,b');
    await page.waitForFunction(() => document.querySelectorAll('#network [data-key^="3:"] circle').length === 2);
    await answered(page);
    t.strictSame(sent().batch.targets, [
      [0, 5],
      [1, 6],
    ]);
    t.strictSame(sizes(), [5, 4, 2], 'hidden layers stay');
    await page.reload();
    await answered(page);
    t.strictSame(await choice(), ['3,b', 'targets'], 'a reload keeps the file and the choice');
    await choose('a');
    await page.waitForFunction(() => (document.getElementById('csv-kind') as HTMLInputElement).value === 'classes');
    await page.click('#undo');
    await page.waitForFunction(() => (document.getElementById('csv-columns') as HTMLInputElement).value === '3,b');
    t.strictSame(await choice(), ['3,b', 'targets'], 'and so does an undo');
    await page.click('[data-generator=xor]');
    await page.waitForSelector('#csv-choice', { state: 'detached' });
    t.strictSame(complaints, []);
  });

  t.test('a dataset with classes that are not among its first samples', async (t) => {
    await fetch(new URL('datasets/late?classes=c', service.url), {
      method: 'PUT',
      headers: { 'content-type': 'text/csv' },
      body: `a,b,c\n${'0,0,0\n1,1,1\n'.repeat(150)}2,2,2\n3,3,4\n`,
    });
    const { page } = await openPage(browser, service.url.href);
    const sent = recordedOf(page);
    const sizes = () => sent().network.layers.map(({ weights }) => weights.length);
    const choose = async () => {
      await page.focus('#train-dataset');
      await page.waitForSelector('#train-dataset option:text-is("late")', { state: 'attached' });
      await page.selectOption('#train-dataset', 'late');
      await page.waitForFunction(() => document.querySelectorAll('#decisions circle').length === 200);
      await answered(page);
    };
    await page.click('#tab-train');
    await page.click('[data-generator=circle]');
    await page.waitForFunction(() => document.querySelectorAll('#decisions circle').length === 60);
    await choose();
    t.strictSame(sizes(), [8, 2], 'a network for the classes of the samples that are shown');
    const { weights } = sent().network.layers[0];
    await page.click('#train-step');
    t.match(
      await page.innerText('#train-fault'),
      /^The dataset has samples of class 4, but the network has 2 outputs, for the classes 0 to 1\./,
    );
    await page.click('#undo');
    await page.waitForSelector('#train-fault', { state: 'detached' });
    await page.click('#redo');
    await answered(page);
    await page.click('#train-step');
    await page.click('#train-fault >> text=Give it 5 outputs');
    await page.waitForSelector('#train-fault', { state: 'detached' });
    await answered(page);
    t.strictSame(sizes(), [8, 5]);
    t.strictSame(sent().network.layers[0].weights, weights, 'the other weights stay');
    await page.click('#train-step');
    await page.waitForSelector('#train-count[data-steps="1"]');
    t.match(await page.textContent('#train-data .hint'), 'all 302 samples');
    const trained = await page.getAttribute('#loss-value', 'data-value');

    await page.click('[data-generator=xor]');
    await page.waitForFunction(() => document.querySelectorAll('#decisions circle').length === 4);
    await page.click('#undo');
    await page.waitForSelector('#train-count[data-steps="1"]');
    await page.waitForFunction((loss) => document.getElementById('loss-value')?.dataset.value === loss, trained);
    t.equal(await page.inputValue('#train-dataset'), 'late', 'an undo comes back to the dataset');

    await page.click('#tab-request');
    await page.fill('#sizes', '2-6-7');
    await page.click('#build button');
    await page.click('#tab-train');
    await page.click('[data-generator=xor]');
    await page.waitForFunction(() => document.querySelectorAll('#decisions circle').length === 4);
    await page.click('#tab-request');
    await page.fill('#sizes', '2-6-7');
    await page.click('#build button');
    await page.click('#tab-train');
    await choose();
    t.strictSame(sizes(), [6, 7], 'a network that has enough outputs is kept');
    await page.click('#train-step');
    await page.waitForSelector('#train-count[data-steps="1"]');
  });
});
