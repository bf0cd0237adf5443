// A page with nothing but charts, for their test: the modules without their types, and a browser that opens it.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { stripTypeScriptTypes } from 'node:module';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import type { Test } from 'tap';
import type { GradientsAnswer, GradientsRequest } from '../../schemas/gradients.ts';
import { openBrowser } from './browser.ts';

const root = new URL('../../', import.meta.url);
const libraries: Record<string, string> = {
  '/d3.js': 'node_modules/d3/dist/d3.min.js',
  '/plot.js': 'node_modules/@observablehq/plot/dist/plot.umd.min.js',
};

const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Charts</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
<script src="/d3.js"></script>
<script src="/plot.js"></script>
<script type="module" src="/main.js"></script>
</head>
<body><main><h1>Charts</h1><div id="charts"></div></main></body>
</html>`;

const style = `
:root { color-scheme: light dark; --accent: #43389f; --ink: #1c2027; --muted: #585f6b; --paper: #faf9f6; --line: #dedbd2; }
@media (prefers-color-scheme: dark) {
  :root { --accent: #b3a8ff; --ink: #e9e7e2; --muted: #a5abb7; --paper: #14161b; --line: #343a46; }
}
body { margin: 0; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
main { max-width: 60rem; margin: 0 auto; }
figure { margin: 0 0 2rem; }
`;

const main = `import { drawCharts } from '/src/page/charts.ts';
window.draw = (given) => drawCharts(document.getElementById('charts'), ...JSON.parse(given));`;

const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:";

/** The page's origin. */
async function serve(t: Test): Promise<string> {
  const files: Record<string, [type: string, text: string]> = {
    '/': ['text/html', html],
    '/style.css': ['text/css', style],
    '/main.js': ['text/javascript', main],
  };
  const server = createServer(async ({ url = '/' }, response) => {
    const path = libraries[url] ?? url.slice(1);
    const [type, text] = files[url] ?? ['text/javascript', await readFile(new URL(path, root), 'utf8')];
    response.setHeader('Content-Type', `${type}; charset=utf-8`).setHeader('Content-Security-Policy', POLICY);
    response.end(url.endsWith('.ts') ? stripTypeScriptTypes(text) : text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close().closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** A browser that is closed at the end of the test. */
export async function startBrowser(t: Test): Promise<Browser> {
  const browser = await openBrowser();
  t.teardown(() => browser.close());
  return browser;
}

interface Look {
  readonly width?: number;
  readonly colorScheme?: 'light' | 'dark';
}

/** The page in a window of its own, with what its console said. */
export async function openCharts(t: Test, browser: Browser, { width = 1000, colorScheme = 'light' }: Look = {}) {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(`${error}`));
  await page.goto(await serve(t));
  await page.waitForFunction('window.draw');
  return { page, complaints };
}

export type Given = readonly [request: GradientsRequest, answer: GradientsAnswer];

/** Draws one after the other, without waiting in between, and waits until the last is done. */
export async function draw(page: Page, ...drawings: readonly Given[]): Promise<void> {
  // As JSON: Playwright takes long for many numbers.
  const texts = drawings.map((given) => JSON.stringify(given));
  await page.evaluate((texts) => {
    const { draw } = window as unknown as { draw: (given: string) => void };
    for (const text of texts) draw(text);
  }, texts);
  await page.locator('#charts:not([aria-busy]) figure').first().waitFor();
}
