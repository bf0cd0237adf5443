// A browser for the tests of the page: headless Chromium, if installed.
import { accessSync, constants } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { Test } from 'tap';
import { buildPage } from '../../deploy/page.ts';
import type { GradientsRequest } from '../../schemas/gradients.ts';
import { type Service, type Start, startService } from '../support/process.ts';

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

/** Starts a browser for a page of the service that is up to date. */
export async function openBrowser(): Promise<Browser> {
  await buildPage();
  return launchBrowser();
}

/** Starts a service and a browser for its page; they end with the test. */
export async function openService(t: Test, start?: Start): Promise<{ service: Service; browser: Browser }> {
  const service = await startService(start);
  const browser = await openBrowser();
  t.teardown(async () => {
    await browser.close();
    service.process.kill();
    await service.exit;
  });
  return { service, browser };
}

/** Starts a browser that contacts no host except the service. */
export function launchBrowser(): Promise<Browser> {
  const quiet = ['quic', 'background-networking', 'component-update', 'sync', 'gpu'].map((what) => `--disable-${what}`);
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--no-first-run', ...quiet] });
}

export interface Look {
  readonly width: number;
  readonly height: number;
  readonly scheme: 'light' | 'dark';
}

export const DESKTOP: Look = { width: 1280, height: 720, scheme: 'light' };

export interface Opened {
  readonly page: Page;
  /** Errors and warnings of the browser's console. */
  readonly complaints: readonly string[];
  /** The URLs that the page has requested. */
  readonly requests: readonly string[];
  /** The last request that the page has sent to the service, without what it asks for in addition. */
  sent(): GradientsRequest;
}

/** Opens the page as a new visitor, and waits for its first answer. */
export async function openPage(browser: Browser, url: string, look: Look = DESKTOP): Promise<Opened> {
  const { width, height, scheme } = look;
  // A new context takes twice as long as forgetting what the last visitor left.
  const [context = await browser.newContext()] = browser.contexts();
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Storage.clearDataForOrigin', { origin: new URL(url).origin, storageTypes: 'all' });
  await page.setViewportSize({ width, height });
  await page.emulateMedia({ colorScheme: scheme });
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(`${error.stack}`));
  const requests: string[] = [];
  let body = '';
  page.on('request', (request) => {
    requests.push(request.url());
    if (request.method() === 'POST') body = request.postData() ?? '';
  });
  await page.goto(url);
  await answered(page);
  const sent = () => {
    const { include: _, ...request } = JSON.parse(body);
    return request;
  };
  return { page, complaints, requests, sent };
}

/** Waits until the last request has been answered, and its results are shown. */
export async function answered(page: Page): Promise<void> {
  await page.waitForSelector('body[data-state=answered] #picture', { state: 'attached' });
}

/** Waits until the last request has been refused, and its errors are shown. */
export async function refused(page: Page): Promise<void> {
  await page.waitForSelector('body[data-state=refused]');
}

/** The text of the JSON editor. */
export async function editorText(page: Page): Promise<string> {
  await page.waitForSelector('.cm-content');
  return (await page.locator('.cm-line').allInnerTexts()).map((line) => line.replace(/\n$/, '')).join('\n');
}

/** Replaces the text of the JSON editor. */
export async function typeJson(page: Page, text: string): Promise<void> {
  await page.locator('.cm-content').fill(text);
  await page.waitForSelector('body:not([data-state=answered], [data-state=refused])');
}
