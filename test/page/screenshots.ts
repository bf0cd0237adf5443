// Takes the screenshots in docs/images: node test/page/screenshots.ts. The Chinese one needs a Chinese font.
import { writeFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { startService } from '../support/process.ts';
import { DESKTOP, type Look, openBrowser, openPage } from './browser.ts';
import { type Pixels, palettePng } from './palette-png.ts';

interface Picture {
  readonly hash: string;
  readonly look: Look;
  /** What is done on the page first. */
  prepare?(page: Page): Promise<unknown>;
}

const DARK: Look = { ...DESKTOP, scheme: 'dark' };

const pictures: Record<string, Picture> = {
  // The gradient of the weights of the second layer.
  steps: { hash: 'example=xor&step=9&cell=1,3&sample=3', look: DESKTOP },
  // A weighted sum of the first layer.
  chinese: { hash: 'example=article&step=2&cell=1,2&sample=2&language=zh', look: DESKTOP },
  check: {
    hash: 'example=article&view=check',
    look: DESKTOP,
    prepare: async (page) => {
      await page.click('#try-wrong');
      await page.waitForSelector('#diagnoses [data-mistake]');
      await page.locator('#diagnoses').evaluate((diagnoses) => diagnoses.scrollIntoView({ block: 'end' }));
    },
  },
  train: {
    hash: 'view=train',
    look: DARK,
    prepare: async (page) => {
      await page.click('[data-generator=spiral]');
      await page.selectOption('#train-speed', '10');
      await page.click('#train-play');
      await page.waitForFunction(() => Number(document.getElementById('loss-value')?.dataset.value) < 0.02);
      await page.click('#train-play');
      await page.waitForFunction(() => document.getElementById('train-count')?.dataset.state === 'answered');
    },
  },
  charts: {
    hash: 'example=vanishing&view=charts',
    look: DESKTOP,
    prepare: (page) => page.waitForSelector('#charts:not([aria-busy]) figure'),
  },
  phone: { hash: 'example=article&step=10&cell=2,1', look: { width: 390, height: 1420, scheme: 'dark' } },
};

/** The pixels of a picture, which a page decodes. */
async function pixelsOf(page: Page, png: Buffer): Promise<Pixels> {
  const { data, ...size } = await page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes]));
    const { width, height } = image;
    const context = new OffscreenCanvas(width, height).getContext('2d') as OffscreenCanvasRenderingContext2D;
    context.drawImage(image, 0, 0);
    // As text, since Playwright is slow with many numbers.
    let text = '';
    for (const byte of context.getImageData(0, 0, width, height).data) text += String.fromCharCode(byte);
    return { width, height, data: btoa(text) };
  }, png.toString('base64'));
  return { ...size, data: Buffer.from(data, 'base64') };
}

const service = await startService();
const browser = await openBrowser();
try {
  for (const [name, { hash, look, prepare }] of Object.entries(pictures)) {
    const { page } = await openPage(browser, `${service.url.href}#${hash}`, look);
    await prepare?.(page);
    const pixels = await pixelsOf(page, await page.screenshot());
    writeFileSync(new URL(`../../docs/images/page-${name}.png`, import.meta.url), palettePng(pixels));
    await page.close();
  }
} finally {
  await browser.close();
  service.process.kill();
}
