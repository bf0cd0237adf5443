// A large network in a browser: no long frames after its answer.
import t from 'tap';
import type { GradientsRequest } from '../../schemas/gradients.ts';
import { startService } from '../support/process.ts';
import { answered, noBrowser, openBrowser, openPage } from './browser.ts';

/** The longest time for which the page may block the browser from drawing, in milliseconds. */
const LONGEST = 100;

const noise = (rows: number, columns: number) =>
  Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => Math.sin(12.9898 * i + 78.233 * j) / 10));

const request: GradientsRequest = {
  network: {
    layers: [
      { weights: noise(128, 784), biases: new Array(128).fill(0.01), activation: 'relu' },
      { weights: noise(10, 128), biases: new Array(10).fill(0) },
    ],
  },
  batch: { inputs: noise(64, 784), targets: Array.from({ length: 64 }, (_, i) => i % 10) },
  loss: 'cross_entropy',
};

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  /** CPU time in microseconds, without the time of other processes. */
  readonly tdur?: number;
}

t.test('784-128-10 with 64 samples, drawn and stepped', { skip: noBrowser }, async (t) => {
  const service = await startService();
  const browser = await openBrowser();
  t.teardown(async () => {
    await browser.close();
    service.process.kill();
    await service.exit;
  });
  const { page, complaints } = await openPage(browser, service.url.href);
  await browser.startTracing(page, { categories: ['toplevel', 'devtools.timeline', 'blink.user_timing'] });
  const json = JSON.stringify(request);
  await page.click('#tab-request');
  await page.setInputFiles('#file', { name: 'digits.json', mimeType: 'application/json', buffer: Buffer.from(json) });
  await page.waitForSelector('#summary:has-text("101770")');
  await answered(page);
  await page.click('#tab-charts');
  await page.waitForSelector('#charts:not([aria-busy]) figure');
  await page.click('#tab-steps');
  await page.keyboard.press('Tab');
  const count = Number((await page.textContent('#step-count'))?.split('/')[1]);
  t.equal(count, 15);
  for (let n = 1; n < count; n++) await page.keyboard.press('ArrowRight');
  await page.waitForSelector('#step-count:has-text("15 / 15")');
  for (const key of ['0:5', '1:3', '2:2']) await page.click(`[data-key="${key}"] circle`);
  t.ok((await page.locator('#content *').count()) < 3_000, 'matrices are no elements');
  const { traceEvents }: { traceEvents: TraceEvent[] } = JSON.parse(`${await browser.stopTracing()}`);

  const answer = traceEvents.find(({ name }) => name === 'answer read');
  t.ok(answer, 'the answer was read');
  const tasks = traceEvents
    .filter(({ name, pid, tid, ts }) => name.endsWith('RunTask') && pid === answer?.pid && tid === answer.tid && ts >= answer.ts)
    .map(({ tdur = 0 }) => Math.round(tdur / 1000));
  const longest = Math.max(...tasks);
  t.comment(`${tasks.length} tasks after the answer, the longest ${longest} ms`);
  t.ok(tasks.length > 50, `${tasks.length} tasks`);
  t.ok(longest <= LONGEST, `the longest takes ${longest} ms`);
  t.strictSame(complaints, []);
});
