// The charts in a browser: what they show and say; in light and dark, wide and narrow, for unusual and large networks.
import t from 'tap';
import type { GradientsAnswer, GradientsRequest } from '../../schemas/gradients.ts';
import { pageExamples } from '../../src/page/request/examples.ts';
import { gradients, startApp } from '../support/app.ts';
import { noBrowser } from './browser.ts';
import { draw, type Given, openCharts, startBrowser } from './charts-page.ts';

t.test('charts', { skip: noBrowser }, async (t) => {
  const app = await startApp();
  await app.readiness.started;
  const include: GradientsRequest['include'] = ['trace', 'outputs', 'gradient_norms', 'per_sample_losses'];
  const answers = new Map<GradientsRequest, GradientsAnswer>();
  for (const request of [...examples(), wide, many, dead, deep])
    answers.set(request, await gradients(app, { ...request, include }));
  const given = (request: GradientsRequest): Given => [request, answers.get(request) as GradientsAnswer];
  const browser = await startBrowser(t);

  t.test('each example shows what it is meant to show', async (t) => {
    const { page, complaints } = await openCharts(t, browser);
    const text = async (name: string) => {
      const request = example(name);
      await draw(page, given(request));
      return (await page.locator('figcaption').allInnerTexts()).join('\n');
    };
    t.match(await text('article'), /^Norms per layer\. Gradients neither vanish nor explode/);
    t.match(await text('vanishing'), /^Norms per layer\. Gradients vanish in the backward pass/);
    t.match(await text('exploding'), /^Norms per layer\. Gradients explode in the backward pass/);
    t.match(
      await text('digits'),
      /Sample 15 stands out by its share of the loss: 0\.343.* Sample 15 stands out by the norm of its gradient/,
    );
    const named = page.locator('figure').nth(1).locator('g[font-weight=bold] text', { hasText: '15' });
    t.equal(await named.count(), 2, 'its number stands beside it in both drawings');
    t.strictSame(complaints, [], 'and the policy of the page admits all of it');
  });

  t.test('the numbers, as a table', async (t) => {
    const { page } = await openCharts(t, browser);
    const request = example('article');
    await draw(page, given(request));
    const [norms, samples, histograms] = await page.locator('details').all();
    const rows = async (details: typeof norms) => {
      await details.locator('summary').click();
      await details.locator('table').waitFor();
      return Promise.all((await details.locator('tr').all()).map((row) => row.locator('th, td').allInnerTexts()));
    };
    t.strictSame(await rows(norms), [
      ['layer', 'weights', 'gradients of weights', 'gradients of weighted sums', 'gradients of weights / weights'],
      ['1', '0.245', '0.425', '0.0595', '1.74'],
      ['2', '0.3', '0.57', '0.355', '1.9'],
      ['3', '0.245', '1.13', '1.62', '4.6'],
    ]);
    t.strictSame((await rows(samples)).slice(0, 2), [
      ['sample', 'share of the loss', 'norm of the gradient'],
      ['1', '1.64', '1.52'],
    ]);
    t.strictSame((await rows(histograms)).slice(1, 3), [
      ['1', 'weights', '6', '0.1', '0.1', '0.1', '0', '0'],
      ['1', 'gradients', '6', '-0.212', '-0.168', '-0.124', '0.0442', '0'],
    ]);
    await draw(page, given(request));
    t.equal(await page.locator('details[open] table').count(), 3, 'tables stay open when the charts are drawn again');
  });

  t.test('no wider than a phone, in both colour schemes', async (t) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, complaints } = await openCharts(t, browser, { width: 360, colorScheme });
      const request = example('exploding');
      await draw(page, given(request));
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      t.equal(overflow, 0);
      const fill = await page
        .locator('figure')
        .first()
        .locator('g[fill="var(--accent)"] circle')
        .first()
        .evaluate((mark) => getComputedStyle(mark).fill);
      t.equal(fill, colorScheme === 'dark' ? 'rgb(179, 168, 255)' : 'rgb(67, 56, 159)');
      await page.setViewportSize({ width: 800, height: 900 });
      await page.waitForFunction(() => Number(document.querySelector('#charts svg[role=img]')?.getAttribute('width')) > 500);
      t.strictSame(complaints, []);
    }
  });

  t.test('every chart is an image with a text alternative', async (t) => {
    const { page } = await openCharts(t, browser);
    const request = example('xor');
    await draw(page, given(request));
    const labels = await page
      .locator('svg[role=img]')
      .evaluateAll((drawings) => drawings.map((each) => each.getAttribute('aria-label')));
    t.equal(labels.length, 7, 'one of norms, two of samples, and two of each of two layers');
    t.match(labels[1], 'Each sample’s share of the loss, from 0.0434 to 0.205');
    t.match(labels[3], 'Layer 1, weights: 8 values from -3.86 to 0.67');
  });

  t.test('unusual networks', async (t) => {
    const { page, complaints } = await openCharts(t, browser);
    await draw(page, given(dead));
    t.match(await page.locator('figcaption').first().innerText(), 'The gradient of layer 1 is 0');
    t.equal(await page.locator('figure').nth(1).locator('svg[role=img]').count(), 2, 'a single sample is drawn');
    await draw(page, given(deep));
    t.match(await page.locator('figcaption').first().innerText(), 'Gradients of weighted sums vanish in the backward pass');
    t.match(
      await page.locator('figcaption').last().innerText(),
      'Shown are the first 6 layers and the last 6; the 88 between them are not.',
    );
    t.equal(await page.locator('figure').last().locator('svg[role=img]').count(), 24);
    const answer = { ...given(dead)[1] };
    delete answer.trace;
    delete answer.per_sample_losses;
    await draw(page, [dead, answer]);
    t.equal(await page.locator('figure').count(), 2, 'no chart of samples where the answer tells nothing of them');
    t.notMatch(await page.locator('.legend').first().innerText(), 'sums');
    t.strictSame(complaints, []);
  });

  t.test('many samples', async (t) => {
    const { page, complaints } = await openCharts(t, browser);
    await draw(page, given(many));
    t.match(await page.locator('figcaption').nth(1).innerText(), /Each line spans 2 samples.* Sample 7 stands out/);
    const details = page.locator('details').nth(1);
    await details.locator('summary').click();
    await details.locator('table').waitFor();
    t.equal(await details.locator('tbody tr').count(), 200);
    t.match(await details.innerText(), 'The other 200 of 400 rows are not shown.');
    t.strictSame(complaints, []);
  });

  t.test('many weights, drawn in pieces', async (t) => {
    const { page, complaints } = await openCharts(t, browser);
    await draw(page, given(wide));
    const label = await page.locator('figure').last().locator('svg').first().getAttribute('aria-label');
    t.match(label, /^Layer 1, weights: 100352 values from -1 to 1/);
    await draw(page, given(wide), given(dead));
    t.match(
      await page.locator('figcaption').first().innerText(),
      'The gradient of layer 1 is 0',
      'what is drawn last is what is there',
    );
    t.strictSame(complaints, []);
  });
});

function examples(): GradientsRequest[] {
  return pageExamples.map(({ request }) => request);
}

function example(name: string): GradientsRequest {
  const found = pageExamples.find((each) => each.name === name);
  if (!found) throw new Error(`there is no example ${name}`);
  return found.request;
}

function matrix(rows: number, columns: number): number[][] {
  return Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => Math.sin((columns * i + j) ** 2)));
}

/** All units are inactive under relu. */
const dead: GradientsRequest = {
  network: { layers: [{ weights: [[1]], activation: 'relu' }] },
  batch: { inputs: [[-1]], targets: [[1]] },
};

/** Layers that shrink both the outputs and the gradients. */
const deep: GradientsRequest = {
  network: {
    layers: Array.from({ length: 100 }, () => ({
      weights: [
        [0.5, 0],
        [0, 0.25],
      ],
      activation: 'tanh' as const,
    })),
  },
  batch: { inputs: [[1, 1]], targets: [[1, 1]] },
};

/** 100,352 weights. */
const wide: GradientsRequest = {
  network: { layers: [{ weights: matrix(128, 784), activation: 'tanh' }, { weights: matrix(10, 128) }] },
  batch: { inputs: matrix(4, 784), targets: matrix(4, 10) },
};

/** One of 400 samples is an outlier. */
const many: GradientsRequest = {
  network: { layers: [{ weights: [[1, 1]] }] },
  batch: { inputs: matrix(400, 2), targets: Array.from({ length: 400 }, (_, i) => [i === 6 ? 100 : 0]) },
};
