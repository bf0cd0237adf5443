// A browser for the tests of the page: headless Chromium, if installed.
import { accessSync, constants } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { buildPage } from '../../deploy/page.ts';

/** The Chromium to run: CHROMIUM, or Debian's path. */
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** For the option `skip` of a test: the reason why there is no browser, or false. */
export const noBrowser = isThere() ? false : `there is no Chromium at ${executablePath} (CHROMIUM)`;

function isThere(): boolean {
  try {
    accessSync(executablePath, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Starts a browser that contacts no host except the service, for a page that is up to date. */
export async function openBrowser(): Promise<Browser> {
  await buildPage();
  const quiet = ['quic', 'background-networking', 'component-update', 'sync', 'gpu'].map((what) => `--disable-${what}`);
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--no-first-run', ...quiet] });
}

export interface Look {
  readonly width: number;
  readonly height: number;
  readonly scheme: 'light' | 'dark';
}

export const DESKTOP: Look = { width: 1280, height: 900, scheme: 'light' };

export interface Opened {
  readonly page: Page;
  /** Errors and warnings of the browser's console. */
  readonly complaints: readonly string[];
  /** The URLs that the page has requested. */
  readonly requests: readonly string[];
}

/** Opens the page, and waits for its first answer. */
export async function openPage(browser: Browser, url: string, look: Look = DESKTOP): Promise<Opened> {
  const { width, height, scheme } = look;
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(`${error.stack}`));
  const requests: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(url);
  await answered(page);
  return { page, complaints, requests };
}

/** Waits until the last request has been answered, and its results are shown. */
export async function answered(page: Page): Promise<void> {
  await page.waitForSelector('body[data-state=answered] #charts:not([aria-busy=true])', { state: 'attached' });
}

/** Waits until the last request has been refused, and its errors are shown. */
export async function refused(page: Page): Promise<void> {
  await page.waitForSelector('body[data-state=refused]');
}
