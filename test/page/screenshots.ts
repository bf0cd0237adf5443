// Takes the screenshots in docs/: node test/page/screenshots.ts
import { startService } from '../support/process.ts';
import { openBrowser, openPage } from './browser.ts';

const folder = new URL('../../docs/images/', import.meta.url).pathname;
const pictures = [
  { name: 'page-desktop', width: 1280, height: 720 },
  { name: 'page-phone', width: 390, height: 1700 },
];
const schemes = ['light', 'dark'] as const;

const service = await startService();
const browser = await openBrowser();
try {
  for (const { name, ...size } of pictures) {
    for (const scheme of schemes) {
      // The gradient of the first layer's weights.
      const { page } = await openPage(browser, `${service.url.href}#example=xor&step=12&cell=3,1&sample=3`, { ...size, scheme });
      await page.screenshot({ path: `${folder}${name}-${scheme}.png` });
      await page.close();
    }
  }
} finally {
  await browser.close();
  service.process.kill();
}
