// The datasets and jobs of the service in a browser.
import t from 'tap';
import { noBrowser, openService } from '../browser.ts';
import { npyFile } from '../npy-file.ts';
import { safetensorsFile } from '../safetensors-file.ts';

t.test('datasets and jobs', { skip: noBrowser }, async (t) => {
  const { service, browser } = await openService(t, { environment: { API_KEYS: 'me=secret-of-the-test' } });
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 } });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  await page.goto(service.url.href);
  await page.click('#tab-service');
  await page.fill('#service-key', 'secret-of-the-test');
  await page.press('#service-key', 'Tab');
  await page.waitForSelector('#service-problem', { state: 'detached' });

  const put = async (files: { name: string; buffer: Buffer }[], name: string) => {
    await page.setInputFiles(
      '#dataset-file',
      files.map((file) => ({ ...file, mimeType: 'application/octet-stream' })),
    );
    await page.waitForFunction((name) => (document.getElementById('dataset-name') as HTMLInputElement).value === name, name);
    await page.click('#put-dataset button');
  };
  const shown = async (name: string) => (await page.locator(`#datasets [data-name=${name}]`).innerText()).split(', kept')[0];

  const csv = { name: 'My data.csv', buffer: Buffer.from('a,b,kind\n1,2,0\n3,4,1\n5,6,1\n') };
  await page.setInputFiles('#dataset-file', { ...csv, mimeType: 'text/csv' });
  await page.selectOption('#dataset-kind', 'classes');
  await page.waitForFunction(() => (document.getElementById('dataset-columns') as HTMLInputElement).value === 'kind');
  await page.click('#put-dataset button');
  t.equal(await shown('my-data'), 'my-data 3 × 2, classes, 72 bytes');

  const buffer = Buffer.from(
    safetensorsFile([
      ['inputs', 'F32', [2, 2], [1, 2, 3, 4]],
      ['targets', 'F32', [2, 1], [1, 2]],
    ]),
  );
  await put([{ name: 'tensors.safetensors', buffer }], 'tensors');
  t.match(await shown('tensors'), /^tensors 2 × 2, 1 target,/);

  const y = { name: 'y.npy', buffer: Buffer.from(npyFile('<i8', [2], new BigInt64Array([0n, 1n]))) };
  const x = { name: 'x.npy', buffer: Buffer.from(npyFile('<f8', [2, 3], new Float64Array(6))) };
  await put([y, x], 'x');
  t.match(await shown('x'), /^x 2 × 3, classes,/, 'the inputs are those named x');
  await put([{ name: 'bad.npy', buffer: Buffer.from('no') }], 'bad');
  await page.waitForSelector('#service-problem >> text=bad.npy is not a .npy file.');
  await put([{ name: 'bad.safetensors', buffer: Buffer.from('no') }], 'bad');
  await page.waitForSelector('#service-problem >> text=expected 8 bytes with the length of the header');

  await page.click('[data-name=tensors] button');
  await page.waitForSelector('[data-name=tensors]', { state: 'detached' });
  t.equal(await page.locator('#datasets li').count(), 2);

  const submit = (body: object) =>
    fetch(new URL('gradients', service.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer: 'respond-async', authorization: 'Bearer secret-of-the-test' },
      body: JSON.stringify(body),
    });
  const layers = [
    {
      weights: [
        [1, 2],
        [3, 4],
      ],
    },
  ];
  const { status } = await submit({ network: { layers }, batch: { dataset: 'my-data' }, loss: 'cross_entropy' });
  t.equal(status, 202);
  await page.click('#list-again');
  await page.waitForSelector('#jobs [data-state=succeeded]');
  t.match(await page.innerText('#jobs li'), /succeeded, 1 of 1 part,/);
  await page.click('#jobs li button');
  await page.waitForSelector('#jobs', { state: 'detached' });
});

t.test("times are written as in the page's language, whatever the browser's is", { skip: noBrowser }, async (t) => {
  const { service, browser } = await openService(t);
  const [etag, expires, created] = ['e', '2026-12-31T20:05:00.000Z', '2026-01-02T03:04:05.000Z'];
  const dataset = { name: 'a', samples: 2, features: 1, targets: 1, dtype: 'F64', bytes: 8, etag, expires };
  const job = { id: '1', operation: 'gradients', state: 'succeeded', parts: { completed: 1, total: 1 }, created };
  const context = await browser.newContext({ locale: 'de-DE', timezoneId: 'Asia/Shanghai' });
  await context.route('**/datasets', (route) => route.fulfill({ json: { datasets: [dataset] } }));
  await context.route('**/jobs', (route) => route.fulfill({ json: { jobs: [job] } }));
  const said = async (language: string) => {
    const page = await context.newPage();
    await page.goto(`${service.url.href}#view=service&language=${language}`);
    const texts = await Promise.all(['#datasets li', '#jobs li'].map((item) => page.innerText(item)));
    await page.close();
    // English has narrow spaces before AM and PM.
    return texts.map((text) => text.replaceAll(/\s/g, ' '));
  };
  t.match(await said('en'), ['kept until Jan 1, 2027, 4:05 AM Delete', '1 of 1 part, Jan 2, 2026, 11:04 AM']);
  t.match(await said('zh'), ['保留至 2027年1月1日 04:05', '2026年1月2日 11:04']);
});
