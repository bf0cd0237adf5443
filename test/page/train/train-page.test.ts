// "Train" in a browser: XOR and a spiral are learned to the end; a reload, Undo and Back lose nothing.
import type { Page } from 'playwright-core';
import t from 'tap';
import { answered, noBrowser, openPage, openService } from '../browser.ts';

const stepsOf = async (page: Page) => Number(await page.getAttribute('#train-count', 'data-steps'));
const lossOf = async (page: Page) => Number(await page.getAttribute('#loss-value', 'data-value'));

/** Plays until the loss is below `loss`, then pauses. */
async function trainTo(page: Page, loss: number): Promise<void> {
  await page.click('#train-play');
  await page.waitForFunction((loss) => Number(document.getElementById('loss-value')?.dataset.value) < loss, loss, {
    timeout: 60_000,
  });
  await page.click('#train-play');
  await page.waitForSelector('#train-play[aria-pressed=false]');
  await page.waitForFunction(() => document.getElementById('train-count')?.dataset.state === 'answered');
}

t.test('training in a browser', { skip: noBrowser }, async (t) => {
  const { service, browser } = await openService(t);
  const { page, complaints } = await openPage(browser, service.url.href);
  await page.click('#tab-train');
  await page.click('[data-generator=xor]');
  await answered(page);
  const first = await lossOf(page);
  await page.click('#train-step');
  await page.waitForSelector('#train-count[data-steps="1"]');
  t.not(await lossOf(page), first, 'one step');
  await page.click('#train-reset');
  await page.waitForSelector('#train-count[data-steps="0"]');
  await answered(page);
  t.equal(await lossOf(page), first, 'reset goes back to the same weights');
  await page.selectOption('#train-speed', '10');
  await trainTo(page, 0.05);
  t.ok((await lossOf(page)) < 0.05, 'XOR is learned');
  t.equal(await page.locator('#decisions circle').count(), 4);
  t.ok(await page.locator('#loss-curve path').count());
  t.ok(await page.locator('#gradient-histogram rect').count());

  const learned = { loss: await lossOf(page), steps: await stepsOf(page) };
  await page.click('#train-redraw');
  await page.waitForSelector('#train-count[data-steps="0"]');
  await answered(page);
  const redrawn = await lossOf(page);
  t.not(redrawn, first, 'other weights');
  t.ok(redrawn > 0.05, 'which are not trained');
  await trainTo(page, 0.1);
  await page.click('#train-reset');
  await page.waitForSelector('#train-count[data-steps="0"]');
  await answered(page);
  t.equal(await lossOf(page), redrawn, 'reset goes back to the new weights');
  await page.click('#train-redraw');
  await answered(page);
  t.notOk([first, redrawn].includes(await lossOf(page)), 'others each time');
  await page.click('#undo');
  await answered(page);
  t.equal(await lossOf(page), redrawn);
  await page.click('#undo');
  await answered(page);
  await page.click('#undo');
  await page.waitForSelector(`#train-count[data-steps="${learned.steps}"]`);
  await answered(page);
  t.equal(await lossOf(page), learned.loss, 'an undo comes back to the trained weights, and to their training');
  t.ok(await page.locator('#loss-curve path').count());

  await page.click('[data-generator=spiral]');
  await answered(page);
  await page.click('#undo');
  await answered(page);
  t.ok((await lossOf(page)) < 0.05, 'an undo comes back to the trained network');
  await page.click('#redo');
  await answered(page);
  const untrained = await lossOf(page);
  await page.selectOption('#train-speed', '100');
  await page.fill('#batch-size', '20');
  await page.press('#batch-size', 'Tab');
  await trainTo(page, 0.3);
  const [steps, loss] = [await stepsOf(page), await lossOf(page)];
  t.ok(steps >= 100 && steps % 100 === 0, `${steps} steps`);
  await page.reload();
  await answered(page);
  await page.waitForSelector(`#train-count[data-steps="${steps}"]`);
  t.equal(await lossOf(page), loss, 'a reload loses nothing');
  await page.click('#tab-steps');
  await page.goBack();
  await page.waitForSelector(`#train-count[data-steps="${steps}"]`);
  t.equal(await lossOf(page), loss, 'nor does Back');
  await trainTo(page, 0.05);
  t.ok((await lossOf(page)) < 0.05, 'the spiral is learned');
  t.ok((await stepsOf(page)) > steps, 'from where it was');
  await page.click('#train-reset');
  await page.waitForSelector('#train-count[data-steps="0"]');
  await answered(page);
  t.equal(await lossOf(page), untrained);

  await page.fill('#sample-count', '10');
  await page.press('#sample-count', 'Tab');
  await page.click('[data-generator=circle]');
  await page.waitForFunction(() => document.querySelectorAll('#decisions circle').length === 10);

  await fetch(new URL('datasets/two?classes=c', service.url), {
    method: 'PUT',
    headers: { 'content-type': 'text/csv' },
    body: `a,b,c\n${'0,0,0\n1,1,1\n'.repeat(150)}`,
  });
  await page.focus('#train-dataset');
  await page.waitForSelector('#train-dataset option:text-is("two")', { state: 'attached' });
  await page.selectOption('#train-dataset', 'two');
  await page.waitForFunction(() => document.querySelectorAll('#decisions circle').length === 200);
  await answered(page);
  const body = page.waitForRequest((request) => request.postData()?.includes('"dataset":"two"') ?? false);
  await page.click('#train-step');
  t.equal(JSON.parse((await body).postData() ?? '').batch.indices.length, 20, 'steps take samples of the dataset');
  await page.waitForSelector('#train-count[data-steps="1"]');
  t.match(await page.textContent('#train-data .hint'), 'all 300 samples');

  const csv = 'x,y,kind\n0,0,red\n1,1,blue\n2,0,green\n0,2,red\n';
  await page.setInputFiles('#csv', { name: 'data.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) });
  await answered(page);
  await page.waitForFunction(() => document.querySelectorAll('#decisions circle').length === 4);
  await page.setInputFiles('#csv', { name: 'data.csv', mimeType: 'text/csv', buffer: Buffer.from('x,y\n') });
  t.equal(await page.textContent('#train-data .error'), 'The file has no rows.');
  await page.click('[data-generator=regression]');
  await answered(page);
  await page.fill('#train-rate', '1e200');
  await page.press('#train-rate', 'Tab');
  await page.selectOption('#optimizer', 'momentum');
  await page.click('#train-play');
  await page.waitForSelector('#train-fault');
  t.match(await page.textContent('#train-fault'), /^The loss is no longer finite/);
  t.strictSame(
    complaints.filter((complaint) => !complaint.includes('422')),
    [],
    'no complaints of the browser',
  );
});
