// Building and opening networks in a browser.
import t from 'tap';
import { startService } from '../support/process.ts';
import { answered, noBrowser, openBrowser, openPage } from './browser.ts';
import { safetensorsFile } from './safetensors-file.ts';

t.test('a network by its sizes, and from files', { skip: noBrowser }, async (t) => {
  const service = await startService();
  const browser = await openBrowser();
  t.teardown(async () => {
    await browser.close();
    service.process.kill();
    await service.exit;
  });
  const { page, complaints } = await openPage(browser, service.url.href);
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
  t.strictSame(complaints, []);
});
