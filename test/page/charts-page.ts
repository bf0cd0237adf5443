// A page with only the charts, for their test: bundles and serves it, and opens it in a browser.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import type { Test } from 'tap';
import { bundling } from '../../deploy/page.ts';
import type { GradientsAnswer, GradientsRequest } from '../../schemas/gradients.ts';

import { openBrowser } from './browser.ts';

const root = new URL('../../', import.meta.url);
const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Charts</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/charts.css">
<script type="module" src="/charts.js"></script>
</head>
<body><main><h1>Charts</h1><div id="host"></div></main></body>
</html>`;

const main = `import { h, render } from 'preact';
import { Charts } from './src/page/charts/charts.tsx';
window.draw = (given) => {
  const [request, answer] = JSON.parse(given);
  render(h(Charts, { request, answer }), document.getElementById('host'));
};`;

const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:";

/** Serves the page, and returns its origin. */
async function serve(t: Test): Promise<string> {
  const [script, style] = await Promise.all([
    build({ ...bundling, splitting: false, write: false, stdin: { contents: main, resolveDir: root.pathname } }),
    build({ ...bundling, splitting: false, write: false, entryPoints: ['src/page/style/page.css'] }),
  ]);
  const files: Record<string, [type: string, text: string]> = {
    '/': ['html', html],
    '/charts.js': ['javascript', script.outputFiles[0].text],
    '/charts.css': ['css', style.outputFiles[0].text],
  };
  const server = createServer(({ url = '/' }, response) => {
    const [type, text] = files[url];
    response.setHeader('Content-Type', `text/${type}; charset=utf-8`).setHeader('Content-Security-Policy', POLICY);
    response.end(text);
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

/** Opens the page in a new window, and collects the messages of its console. */
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

/** Draws one chart after another without waiting in between; waits until the last one is done. */
export async function draw(page: Page, ...drawings: readonly Given[]): Promise<void> {
  // As JSON, since Playwright is slow with many numbers.
  const texts = drawings.map((given) => JSON.stringify(given));
  await page.evaluate((texts) => {
    const { draw } = window as unknown as { draw: (given: string) => void };
    for (const text of texts) draw(text);
  }, texts);
  await page.locator('#charts:not([aria-busy]) figure').first().waitFor();
}
