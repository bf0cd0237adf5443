// /docs in a browser: sends each example, and compares the answer with the documented one.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import t from 'tap';
import { activations } from '../../schemas/activation.ts';
import { examples } from '../../schemas/examples.ts';
import { losses } from '../../schemas/loss.ts';
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

  const phone = await browser.newPage({ viewport: { width: 390, height: 844 }, colorScheme: 'dark' });
  await phone.goto(`${new URL('/docs#/gradients/gradients', service.url)}`);
  await phone.click('.opblock.is-open .opblock-section-request-body .tablinks:has-text("Schema")');
  const model = await phone.locator('.opblock.is-open .json-schema-2020-12').first().innerText();
  t.match(model, `Names: ${Object.keys(losses).join(', ')}.`, 'the losses by name');
  t.equal(await phone.evaluate('document.documentElement.scrollWidth'), 390, 'nothing is wider than a phone');
  t.equal(await phone.locator('meta[name=viewport]').count(), 1);
  t.equal(await phone.evaluate('getComputedStyle(document.documentElement).backgroundColor'), 'rgb(28, 32, 34)', 'dark');
  await phone.click('nav a');
  t.equal(phone.url(), service.url.href, 'a way back to the page');
});
