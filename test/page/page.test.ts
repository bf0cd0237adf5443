// The page in a browser: its numbers are those of the service, errors are shown at their fields, and its controls work.
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import type { GradientsAnswer, GradientsRequest } from '../../schemas/gradients.ts';
import { forPage } from '../../src/page/request/api.ts';
import { Computed } from '../../src/page/request/computed.ts';
import { pageExamples } from '../../src/page/request/examples.ts';
import type { Steps } from '../../src/page/steps/step.ts';
import { stepsOf } from '../../src/page/steps/steps.ts';
import { type Service, startService } from '../support/process.ts';
import { answered, noBrowser, openBrowser, openPage, refused } from './browser.ts';

t.test('the page in a browser', { skip: noBrowser }, async (t) => {
  const service = await startService();
  const browser = await openBrowser();
  t.teardown(async () => {
    await browser.close();
    service.process.kill();
    await service.exit;
  });
  const open = () => openPage(browser, service.url.href);

  t.test("each example, computed and stepped through: every number is the service's", async (t) => {
    const { page, complaints, requests } = await open();
    for (const { name, request } of pageExamples) {
      await page.click(`[data-example=${name}]`);
      await answered(page);
      const { answer, steps } = await expected(service, request);
      t.equal(await numberOf(page, '#loss-value'), answer.loss, `${name}: the loss`);
      const seen = await stepThrough(page);
      t.equal(seen.length, steps.places.length, `${name}: all steps`);
      compareSteps(t, name, seen, steps);
    }
    t.strictSame(complaints, [], 'the browser has nothing to complain of');
    const elsewhere = requests.filter((url) => !url.startsWith(service.url.href));
    t.strictSame(elsewhere, [], 'nothing comes from elsewhere');
    await page.close();
  });

  t.test('a unit and an edge, by mouse and by keyboard: their numbers and sums', async (t) => {
    const { page } = await open();
    const { run } = await expected(service, pageExamples[0].request);
    await page.click('[data-key="2:1"] circle');
    const value = (sum: string) => numberOf(page, `#details [data-sum="${sum}"] .total [data-value]`);
    t.equal(await value('z_2'), run.value('pre_activations', 1, 0, 1));
    t.equal(await value('y_2'), run.value('outputs', 1, 0, 1));
    t.equal(await value('dy_2'), run.value('output_gradients', 1, 0, 1));
    t.equal(await value('dz_2'), run.value('pre_activation_gradients', 1, 0, 1));
    t.equal(await value('db_2'), run.biasGradient(1, 1));
    await page.fill('#sample', '2');
    await page.press('#sample', 'Tab');
    t.equal(await value('z_2'), run.value('pre_activations', 1, 1, 1), 'of another sample');
    await page.click('[data-key="2:1"] circle');

    await page.keyboard.press('ArrowRight');
    t.equal(await page.textContent('#step-count'), '2 / 21', 'after a click arrow keys go from step to step');
    await page.click('#details [data-sum="z_2"] button');
    t.equal(await value('dw_2,1'), run.weightGradient(1, 1, 0));
    await page.focus('[data-key="2:1"]');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Shift+ArrowDown');
    await page.keyboard.press('Enter');
    t.match(await page.textContent('#details h3'), /From layer 2, unit 1 to layer 3, unit [12]/);
    t.equal(await page.getAttribute(':focus', 'data-key'), await page.getAttribute('.edge.chosen', 'data-key'));
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowLeft');
    t.match(await page.getAttribute(':focus', 'data-key'), /^2:\d$/);
    await page.close();
  });

  t.test('an error is shown at the field of its pointer, in the form and in the text', async (t) => {
    const { page } = await open();
    const field = '[data-pointer="/network/layers/1/weights/1/2"]';
    await page.click('#weights-1 summary');
    await page.fill(field, 'abc');
    await page.press(field, 'Tab');
    await refused(page);
    const text = 'expected a finite number, got "abc"';
    t.equal(await page.getAttribute(field, 'aria-invalid'), 'true');
    t.equal(await page.textContent(`#${await page.getAttribute(field, 'aria-describedby')}`), `unit 2, input 3: ${text}`);
    t.match(await page.textContent('#problem'), `/network/layers/1/weights/1/2 ${text}`);
    await page.click('#tab-json');
    const lines = (await page.inputValue('#json')).split('\n');
    const line = lines.findIndex((one) => one.includes('"abc"')) + 1;
    t.equal(await page.textContent('#json-errors li'), `line ${line} /network/layers/1/weights/1/2: ${text}`);
    t.equal(await page.textContent('#json-lines mark'), `${line}`);
    await page.click('#problem .pointer');
    const selected = await page.evaluate(() => {
      const { value, selectionStart } = document.getElementById('json') as HTMLTextAreaElement;
      return value.slice(selectionStart, selectionStart + 5);
    });
    t.equal(selected, '"abc"');

    await page.fill('#json', lines.join('\n').replace('"abc"', '0.1, 5'));
    await refused(page);
    t.match(await page.textContent('#json-errors'), /\/network\/layers\/1\/weights\/1: expected 3 weights/);
    await page.click('#tab-form');
    t.match(await page.textContent('[data-error="/network/layers/1/weights/1"]'), /^expected 3 weights/, 'in the form, too');
    await page.click('#tab-json');
    await page.fill('#json', '{"network": nul}');
    await page.waitForSelector('#json-errors li >> text=expected a value, got nul');
    await page.fill('#json', '{"network": 5, "batch": {"input": 1}}');
    await refused(page);
    t.match(await page.textContent('#problem'), '/batch/input');
    await page.fill('#json', JSON.stringify(pageExamples[0].request));
    await answered(page);
    t.ok(await page.isHidden('#problem'));
    await page.click('#tab-form');
    t.equal(await page.inputValue(field), '0.1');
    t.equal(await page.locator('[aria-invalid=true], .error:not(:empty)').count(), 0);
    await page.close();
  });

  t.test('a network built by hand', async (t) => {
    const { page } = await open();
    await page.click('#add-0');
    await page.fill('#count-network-layers-1-units', '4');
    await page.press('#count-network-layers-1-units', 'Tab');
    await page.selectOption('#field-network-layers-1-activation', 'leaky_relu');
    await page.fill('#field-network-layers-1-activation-negative_slope', '0.2');
    await page.press('#field-network-layers-1-activation-negative_slope', 'Tab');
    await page.selectOption('#field-loss', 'huber');
    await page.fill('#field-loss-delta', '0.5');
    await page.press('#field-loss-delta', 'Tab');
    await page.selectOption('#field-loss-reduction', 'sum');
    await page.click('#remove-3');
    await page.click('#tab-json');
    await page.click('#compute');
    await answered(page);
    const request: GradientsRequest = JSON.parse(await page.inputValue('#json'));
    t.strictSame(
      request.network.layers.map(({ weights }) => [weights.length, weights[0].length]),
      [
        [3, 2],
        [4, 3],
        [3, 4],
      ],
    );
    t.strictSame(request.network.layers[1].activation, { type: 'leaky_relu', negative_slope: 0.2 });
    t.strictSame(request.loss, { type: 'huber', delta: 0.5, reduction: 'sum' });
    const { answer } = await expected(service, request);
    t.equal(await numberOf(page, '#loss-value'), answer.loss);
    await page.click('#downhill');
    await page.waitForFunction((loss) => Number(document.getElementById('loss-value')?.dataset.value) < loss, answer.loss);
    t.pass('a step against the gradient makes the loss smaller');
    await page.close();
  });

  t.test('a link contains the request', async (t) => {
    const { page, complaints } = await open();
    await page.click('[data-example=xor]');
    await answered(page);
    await page.click('#copy-link');
    await page.waitForFunction(() => location.hash.startsWith('#request='));
    const loss = await numberOf(page, '#loss-value');
    const link = page.url();
    await page.close();
    const { page: other, complaints: more } = await openPage(browser, link);
    t.equal(await numberOf(other, '#loss-value'), loss);
    await other.click('#tab-json');
    t.strictSame(JSON.parse(await other.inputValue('#json')), pageExamples[1].request);
    await other.evaluate(() => {
      location.hash = '#request=AAAA';
    });
    await other.waitForSelector('#problem:has-text("The link cannot be read")');
    t.strictSame([...complaints, ...more], []);
    await other.close();
  });

  t.test('the request as code, in tabs, and as a file', async (t) => {
    const { page } = await open();
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save-request')]);
    t.strictSame(JSON.parse(`${readFileSync(await download.path())}`), pageExamples[0].request);
    await page.locator('#code').scrollIntoViewIfNeeded();
    await page.click('[role=tab]:has-text("Python")');
    t.match(await page.textContent('#code-text'), `${service.url.href}gradients`);
    await page.keyboard.press('End');
    t.equal(await page.textContent('#code-tabs [aria-selected=true]'), 'PyTorch');
    t.match(await page.textContent('#code-text'), 'import torch');
    await page.close();
  });

  t.test('progress, cancelling, and a busy service', async (t) => {
    const { page } = await open();
    await page.route('**/gradients', () => {});
    await page.click('#compute');
    await page.click('#cancel');
    await page.waitForSelector('#compute-hint:has-text("Cancelled")');
    await page.unrouteAll();
    const body = JSON.stringify({
      type: '/problems/overloaded',
      title: 'The service has too much to do',
      status: 503,
      detail: 'full',
    });
    await page.route('**/gradients', (route) => route.fulfill({ status: 503, headers: { 'retry-after': '7' }, body }));
    await page.click('#compute');
    await refused(page);
    t.match(await page.textContent('#problem'), 'It asks to be tried again in 7 s.');
    await page.unrouteAll();
    await page.route('**/gradients', (route) => route.abort());
    await page.click('#compute');
    await page.waitForSelector('#problem:has-text("cannot be reached")');
    await page.unrouteAll();
    await page.click('#compute');
    await answered(page);
    t.ok(await page.isHidden('#problem'));
    await page.close();
  });

  t.test('if a key is required, the page asks for it, and does not store it', async (t) => {
    const locked = await startService({ environment: { API_KEYS: 'open-sesame' } });
    t.teardown(async () => {
      locked.process.kill();
      await locked.exit;
    });
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(locked.url.href);
    await page.waitForSelector('#problem:has-text("An API key is needed")');
    await page.fill('#key', 'open-sesame');
    await page.press('#key', 'Enter');
    await answered(page);
    t.equal(await numberOf(page, '#loss-value'), 2.629915324247322);
    t.equal(
      await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])),
      '[{},{},""]',
    );
    await context.close();
  });
});

/** The service's answer, and the steps that follow from it. */
async function expected(
  service: Service,
  request: GradientsRequest,
): Promise<{ answer: GradientsAnswer; run: Computed; steps: Steps }> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(new URL('gradients', service.url), {
    method: 'POST',
    headers,
    body: JSON.stringify(forPage(request)),
  });
  const answer = (await response.json()) as GradientsAnswer;
  const run = new Computed(request, answer);
  return { answer, run, steps: stepsOf(run, { activations: new Map(), losses: new Map() }) };
}

/** A number on the page, with full precision. */
async function numberOf(page: Page, selector: string): Promise<number> {
  return Number(await page.locator(selector).first().getAttribute('data-value'));
}

interface Seen {
  readonly symbol: string;
  readonly size: string;
  /** By rows; empty for numbers drawn on a canvas. */
  readonly values: readonly (readonly string[])[];
}

/** Goes through all steps by keyboard, and records the results as shown. */
function stepThrough(page: Page): Promise<Seen[]> {
  return page.evaluate(() => {
    const press = (key: string) =>
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
    const seen = [];
    press('Home');
    for (let shown = ''; shown !== document.getElementById('step')?.dataset.step; press('ArrowRight')) {
      shown = document.getElementById('step')?.dataset.step ?? '';
      const figure = document.querySelector('#step .heat-map');
      seen.push({
        symbol: figure?.getAttribute('data-symbol') ?? '',
        size: figure?.querySelector('.size')?.textContent ?? '',
        values: [...(figure?.querySelectorAll('tr') ?? [])].map((row) =>
          [...row.querySelectorAll('td')].map((cell) => cell.dataset.value ?? ''),
        ),
      });
    }
    return seen;
  });
}

function compareSteps(t: Test, name: string, seen: readonly Seen[], steps: Steps): void {
  const wrong = seen.filter(({ symbol, size, values }, n) => {
    const { symbol: right, matrix } = steps.at(n).result;
    const numbers = values.every((row, i) => row.every((value, j) => value === `${matrix.at(i, j)}`));
    return symbol !== right || size !== `${matrix.rows} × ${matrix.columns}` || !numbers;
  });
  t.strictSame(wrong, [], `${name}: the numbers of each step`);
  t.ok(seen.filter(({ values }) => values.length > 0).length >= 2, `${name}: some of them are in cells`);
}
