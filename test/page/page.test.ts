// The page in a browser: its numbers are those of the service, errors are shown at their fields, and its controls work.
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import type { GradientsAnswer, GradientsRequest } from '../../schemas/gradients.ts';
import { Computed } from '../../src/page/request/computed.ts';
import { pageExamples } from '../../src/page/request/examples.ts';
import { forPage } from '../../src/page/request/for-page.ts';
import { format } from '../../src/page/request/json-text.ts';
import type { Steps } from '../../src/page/steps/step.ts';
import { stepsOf } from '../../src/page/steps/steps.ts';
import { en } from '../../src/page/text/en.ts';
import { type Service, startService } from '../support/process.ts';
import { answered, editorText, noBrowser, openPage, openService, refused, typeJson } from './browser.ts';

t.test('the page in a browser', { skip: noBrowser }, async (t) => {
  const { service, browser } = await openService(t);
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

  t.test('a unit and an edge, by mouse and by keyboard: their numbers, and the steps that compute them', async (t) => {
    const { page } = await open();
    const { run } = await expected(service, pageExamples[0].request);
    const detail = (symbol: string) => numberOf(page, `#details div:has([data-formula="${symbol}"]) [data-value]`);
    await page.click('[data-key="2:1"] circle');
    t.equal(await detail('Z_2'), run.value('pre_activations', 1, 0, 1));
    t.equal(await detail('Y_2'), run.value('outputs', 1, 0, 1));
    t.equal(await detail('dY_2'), run.value('output_gradients', 1, 0, 1));
    t.equal(await detail('dZ_2'), run.value('pre_activation_gradients', 1, 0, 1));
    t.equal(await detail('db_2'), run.biasGradient(1, 1));
    t.equal(await page.textContent('#step-title'), 'Layer 2: activation tanh', 'the step that computes its output');
    await page.fill('#sample', '2');
    await page.press('#sample', 'Tab');
    t.equal(await detail('Z_2'), run.value('pre_activations', 1, 1, 1), 'of another sample');

    await page.click('#details button:has([data-formula="Z_2"])');
    t.equal(await page.textContent('#step-title'), 'Layer 2: weighted sum');
    t.equal(await numberOf(page, '#step .total [data-value]'), run.value('pre_activations', 1, 1, 1));
    await page.click('#step .sum button:has([data-formula="W_2[2,1]"])');
    t.equal(await page.locator('.edge.chosen').getAttribute('data-key'), '2:1:0', 'the weight of a term, in the picture');
    t.equal(await detail('dW_2[2,1]'), run.weightGradient(1, 1, 0));
    await page.click('#step .sum button:has([data-formula="X_2[1,2]"])');
    t.equal(
      await page.textContent('#step-title'),
      'Layer 1: activation tanh',
      'the input of a term, in the step that computes it',
    );
    t.match(await page.textContent('#step .worked h3'), /unit 1, sample 2/);
    t.ok(await page.locator('[data-key="1:0"].chosen').count());
    await page.click('[data-key="2:1"] circle');
    await page.keyboard.press('ArrowRight');
    t.equal(await page.textContent('#step-count'), '6 / 21', 'after a click arrow keys go from step to step');

    await page.focus('[data-key="2:1"]');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Shift+ArrowDown');
    await page.keyboard.press('Enter');
    t.match(await page.textContent('#details h3'), /layer 2, unit 1 → layer 3, unit [12]/);
    t.equal(await page.getAttribute(':focus', 'data-key'), await page.getAttribute('.edge.chosen', 'data-key'));
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowLeft');
    t.match(await page.getAttribute(':focus', 'data-key'), /^2:\d$/);
    await page.click('.names [aria-label^="layer 1"]');
    t.equal(await page.textContent('#step-title'), 'Layer 1: weighted sum', 'the name of a layer leads to its steps');
    await page.click('.step-list [aria-label="backward, layer 3"]');
    await page.click('.step-list .parts button:nth-child(2)');
    t.equal(await page.textContent('#step-title'), 'Layer 3: gradient of the weights');
    await page.hover('#step .heat-map td:nth-child(3) button');
    t.equal(await page.getAttribute('.edge.chosen', 'data-key'), '3:0:2', 'a number that is pointed at, in the picture');
    await page.close();
  });

  t.test('digits: 3, 6, all; and every number in full by keyboard', async (t) => {
    const { page } = await open();
    const { answer } = await expected(service, pageExamples[0].request);
    const shown: Record<string, string> = { 3: '2.63', 6: '2.62992', all: `${answer.loss}` };
    for (const [digits, text] of Object.entries(shown)) {
      await page.selectOption('#digits', digits);
      t.equal(await page.textContent('#loss-value'), text);
    }
    await page.keyboard.press('Tab');
    await page.click('.step-list [aria-label="backward, layer 1"]');
    const { run } = await expected(service, pageExamples[0].request);
    await page.focus('#step .heat-map td button');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowDown');
    t.equal(await page.getAttribute('#step .full', 'data-full'), `${run.value('pre_activation_gradients', 0, 1, 1)}`);
    t.match(await page.getAttribute(':focus', 'aria-label'), /^unit 2, sample 2: /);
    await page.close();
  });

  t.test('why a gradient is 0, units through which none comes, and hints', async (t) => {
    const { page } = await open();
    const request: GradientsRequest = {
      network: {
        layers: [
          { weights: [[1], [-1]], biases: [0.5, -2], activation: 'relu' },
          {
            weights: [
              [1, 3],
              [1, 1],
            ],
            activation: 'softmax',
          },
        ],
      },
      batch: { inputs: [[1], [2], [0.1]], targets: [0, 1, 1] },
      loss: 'cross_entropy',
    };
    await page.click('#tab-request');
    await page.setInputFiles('#file', file(request));
    await page.waitForSelector('.unit.dead');
    t.equal(await page.getAttribute('.unit.dead', 'data-key'), '1:1');
    await page.click('#tab-steps');
    await page.click('#step-last');
    await page.click('[data-key="1:1"] circle');
    t.match(await page.textContent('#details .dead'), 'Dead: slope 0 for all 3 samples: −4 ≤ z ≤ −2.1.');
    t.match(await page.textContent('#step .zero'), 'The slope of layer 1, unit 2 is 0 for all 3 samples: z ≤ −2.1.');
    t.match(await page.textContent('.hints'), en.steps.hints.softmaxTwice);
    await page.close();
  });

  t.test('an error is shown at the field of its pointer, in the form and in the text', async (t) => {
    const { page, sent } = await open();
    await page.click('#tab-request');
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
    const lines = format(sent()).split('\n');
    const line = lines.findIndex((one) => one.includes('"abc"')) + 1;
    t.equal(await page.textContent('#json-errors li'), `line ${line} /network/layers/1/weights/1/2: ${text}`);
    await page.locator('.cm-lint-marker-error').waitFor();
    await page.click('#problem .pointer');
    await page.waitForSelector('.cm-activeLine:has-text("abc")');

    await typeJson(page, lines.join('\n').replace('"abc"', '0.1, 5'));
    await refused(page);
    t.match(await page.textContent('#json-errors'), /\/network\/layers\/1\/weights\/1: expected 3 weights/);
    await page.click('#tab-form');
    t.match(await page.textContent('[data-error="/network/layers/1/weights/1"]'), /expected 3 weights/, 'in the form, too');
    await page.click('#tab-json');
    await typeJson(page, '{"network": nul}');
    await page.waitForSelector('#json-errors li >> text=expected a value, got nul');
    t.ok(await page.isHidden('#problem'), 'not the last problem');
    await page.click('#tab-code');
    await page.click('#tab-request');
    await page.waitForSelector('#json-errors li >> text=expected a value, got nul');
    t.equal(await editorText(page), '{"network": nul}', 'survives a change of view');
    await typeJson(page, '{"network": 5, "batch": {"input": 1}}');
    await refused(page);
    t.match(await page.textContent('#problem'), '/batch/input');
    await typeJson(page, JSON.stringify(pageExamples[0].request));
    await answered(page);
    t.ok(await page.isHidden('#problem'));
    await page.click('#tab-form');
    t.equal(await page.inputValue(field), '0.1');
    t.equal(await page.locator('[aria-invalid=true], #form .error').count(), 0);
    await page.close();
  });

  t.test('a network built by hand, undone and redone', async (t) => {
    const { page, sent } = await open();
    await page.click('#tab-request');
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
    await page.click('#compute');
    await answered(page);
    const request = sent();
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
    while (await page.isEnabled('#undo')) await page.click('#undo');
    await answered(page);
    t.equal(await numberOf(page, '#loss-value'), 2.629915324247322, 'all of it undone');
    while (await page.isEnabled('#redo')) await page.click('#redo');
    await page.waitForFunction((loss) => Number(document.getElementById('loss-value')?.dataset.value) === loss, answer.loss);
    await answered(page);
    await page.click('#tab-steps');
    await page.click('#step-last');
    await page.click('#downhill');
    await page.waitForFunction((loss) => Number(document.getElementById('loss-value')?.dataset.value) < loss, answer.loss);
    t.pass('a step against the gradient makes the loss smaller');
    await page.close();
  });

  t.test('a link contains the request; one that is damaged says so', async (t) => {
    const { page, complaints } = await open();
    await page.click('[data-example=xor]');
    await answered(page);
    await page.click('#tab-request');
    await page.fill('#count-batch-samples-count', '3');
    await page.press('#count-batch-samples-count', 'Tab');
    await page.waitForFunction(() => location.hash.includes('request='));
    await answered(page);
    const live = page.url();
    await page.click('#copy-link');
    await page.waitForSelector('#copy-status:not(:empty)');
    t.equal(page.url(), live, 'the address is the link already');
    const loss = await numberOf(page, '#loss-value');
    await page.close();
    const { page: other, complaints: more } = await openPage(browser, live);
    t.equal(await numberOf(other, '#loss-value'), loss);
    t.equal(await other.getAttribute('#tab-request', 'aria-selected'), 'true', 'in the same view');
    await other.evaluate(() => {
      location.hash = '#request=AAAA';
    });
    await other.waitForSelector('#notice:has-text("This link is damaged")');
    await other.reload();
    await answered(other);
    t.match(await other.textContent('#notice'), 'This link is damaged', 'and stays said');
    t.strictSame([...complaints, ...more], []);
    await other.close();
  });

  t.test('the request as code, in tabs, and as a file', async (t) => {
    const { page } = await open();
    await page.click('#tab-code');
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save-request')]);
    t.strictSame(JSON.parse(`${readFileSync(await download.path())}`), pageExamples[0].request);
    await page.click('[role=tab]:has-text("Python")');
    t.match(await page.textContent('#code-text'), `${service.url.href}gradients`);
    await page.keyboard.press('End');
    t.equal(await page.textContent('#code [aria-selected=true]'), 'PyTorch');
    t.match(await page.textContent('#code-text'), 'import torch');
    await page.close();
  });

  t.test('progress, cancelling, a busy service, a proxy, and no connection', async (t) => {
    const { page } = await open();
    await page.click('#tab-request');
    await page.waitForSelector('#compute');
    await page.route('**/gradients', () => {});
    await page.click('#compute');
    await page.click('#cancel');
    await page.waitForSelector('#compute-hint:has-text("Cancelled")');
    await page.unrouteAll();
    const busy = { type: '/problems/overloaded', title: 'The service has too much to do', status: 503, detail: 'full' };
    const refuse = (after: string) =>
      page.route('**/gradients', (route) =>
        route.fulfill({ status: 503, headers: { 'retry-after': after }, body: JSON.stringify(busy) }),
      );
    await refuse('7');
    await page.click('#compute');
    await refused(page);
    t.match(await page.textContent('#problem'), /Trying again in [567] s\./);
    await page.click('#problem button:has-text("Stop")');
    t.notMatch(await page.textContent('#problem'), 'Trying again');
    await page.unrouteAll();
    await refuse('1');
    await page.click('#compute');
    await refused(page);
    await page.unrouteAll();
    await answered(page);
    t.ok(await page.isHidden('#problem'), 'it was tried again');
    await page.route('**/gradients', (route) => route.fulfill({ status: 502, body: '<h1>Bad gateway</h1>' }));
    await page.click('#compute');
    await page.waitForSelector('#problem:has-text("This answer came from a proxy")');
    await page.unrouteAll();
    await page.route('**/gradients', (route) => route.abort());
    await page.click('#compute');
    await page.waitForSelector('#problem:has-text("cannot be reached")');
    await page.unrouteAll();
    await page.context().setOffline(true);
    await page.click('#compute');
    await page.waitForSelector('#problem:has-text("no connection")');
    await page.context().setOffline(false);
    await answered(page);
    t.ok(await page.isHidden('#problem'), 'it was sent again');
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
    await page.waitForSelector('#problem:has-text("API key")');
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

/** A request as a file to open. */
function file(request: GradientsRequest) {
  return { name: 'request.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(request)) };
}

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
  return { answer, run, steps: stepsOf(run, en.steps) };
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
  return page.evaluate(async () => {
    const press = async (key: string) => {
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
      await new Promise((resolve) => setTimeout(resolve));
    };
    const seen = [];
    await press('Home');
    for (let shown = ''; shown !== document.getElementById('step')?.dataset.step; await press('ArrowRight')) {
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
