// Takes the screenshots in docs/: node test/page/screenshots.ts
import { startService } from '../support/process.ts';
import { answered, openBrowser, openPage } from './browser.ts';

const folder = new URL('../../docs/images/', import.meta.url).pathname;
const sizes = { desktop: { width: 1280, height: 2200 }, phone: { width: 390, height: 2600 } };
const schemes = ['light', 'dark'] as const;

const service = await startService();
const browser = await openBrowser();
try {
  for (const [name, size] of Object.entries(sizes)) {
    for (const scheme of schemes) {
      const { page } = await openPage(browser, service.url.href, { ...size, scheme });
      await page.click('[data-example=xor]');
      await answered(page);
      await page.click('[data-key="1:1"] circle');
      // The gradient of the first layer's weights.
      while ((await page.textContent('#step-title')) !== 'Layer 1: the gradient of its weights')
        await page.keyboard.press('ArrowRight');
      await page.hover('#step .cells button');
      await page.evaluate(() => scrollTo(0, 0));
      await page.screenshot({ path: `${folder}page-${name}-${scheme}.png` });
      await page.close();
    }
  }
} finally {
  await browser.close();
  service.process.kill();
}
