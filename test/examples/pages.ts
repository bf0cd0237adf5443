// The example for browsers, in Chromium.
import { readFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import type { Outcome } from '../support/languages.ts';
import { folder } from './programs.ts';

const SETTLED = "document.querySelector('output').value !== '…' && document.querySelector('output').value";
const TIMEOUT = 120_000;

export const page = readFileSync(`${folder}browser/gradients.html`, 'utf8');

/** The page with another request. */
export const pageWith = (request: string): string => page.replace(/(?<=<textarea[^>]*>)[^<]*/, request);

/** Opens the page, then sends further requests; standard output has all results. */
export async function browse(browser: Browser, url: URL, requests: readonly string[] = []): Promise<Outcome> {
  const tab = await browser.newPage();
  try {
    const result = async () => `${await (await tab.waitForFunction(SETTLED, undefined, { timeout: TIMEOUT })).jsonValue()}\n`;
    await tab.goto(url.href);
    let stdout = await result();
    for (const request of requests) {
      await tab.fill('textarea', request);
      await tab.click('button');
      stdout += await result();
    }
    return { code: 0, stdout, stderr: '' };
  } finally {
    await tab.close();
  }
}
