// /docs in a browser: sends each example, and compares the answer with the documented one.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import t from 'tap';
import { activations } from '../../schemas/activation.ts';
import { examples } from '../../schemas/examples.ts';
import { startService } from '../support/process.ts';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Prevents requests to other hosts. */
const args =
  '--headless --no-sandbox --disable-gpu --disable-background-networking --no-first-run --disable-component-update --disable-sync';

const skip = existsSync(CHROMIUM) ? false : `there is no ${CHROMIUM} here`;

t.test('Swagger UI sends the examples, and shows formulas', { skip }, async (t) => {
  const service = await startService({ keep: () => false });
  t.teardown(() => service.process.kill('SIGKILL'));
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: args.split(' ') });
  t.teardown(() => browser.close());
  const page = await browser.newPage();
  page.setDefaultTimeout(60_000);
  const complaints: string[] = [];
  // Violations of the content security policy are reported here, too.
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(`${new URL('/docs', service.url)}`);
  await page.click('#operations-gradients-gradients .opblock-summary-control');
  const operation = page.locator('#operations-gradients-gradients');
  for (const [name, { request, answer }] of Object.entries(examples)) {
    await operation.locator('.opblock-section-request-body .examples-select-element').selectOption(name);
    t.strictSame(JSON.parse(await operation.locator('textarea.body-param__text').inputValue()), request, `${name}: the request`);
    const [response] = await Promise.all([
      page.waitForResponse((response) => response.url().endsWith('/gradients')),
      operation.locator('button.execute').click(),
    ]);
    t.equal(response.status(), 200);
    const shown = operation.locator('.live-responses-table .response', { hasText: `${answer.loss}` });
    t.match(await shown.locator('.response-col_status').textContent(), '200');
    t.match(await shown.locator('.response-col_description').textContent(), `"loss": ${answer.loss}`);
    await operation.locator('button.btn-clear').click();
  }
  await operation.locator('.opblock-summary-control').click();
  await page.click('section.models h4 button');
  await page.getByText('ActivationName', { exact: true }).first().click();
  await page.getByText(activations.elu.formula).waitFor();
  t.strictSame(complaints, []);
});
