// npm run page:speed: how long the first result takes over a slow connection, and how long a large network keeps the browser from drawing.
import type { Browser } from 'playwright-core';
import type { GradientsRequest } from '../../schemas/gradients.ts';
import { report } from '../stress/report.ts';
import { startService } from '../support/process.ts';
import { median } from '../support/statistics.ts';
import { answered, openBrowser, openPage } from './browser.ts';

/** Medians of so many rounds count. */
const ROUNDS = 3;

/** The slow connection: in bytes per second, and in milliseconds from a request to its answer. */
const CONNECTION = { downloadThroughput: 1.6e6 / 8, uploadThroughput: 1.6e6 / 8, latency: 150 };

/** The most time until the first result is drawn, and for a task after an answer, in milliseconds. */
const MAX_MS = { first: 2000, task: 100 };

/** Milliseconds from the address to the first frame with a result, with an empty cache. */
async function firstResult(browser: Browser, url: string): Promise<number> {
  const page = await browser.newPage();
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', { offline: false, ...CONNECTION });
  await page.addInitScript(() => {
    const look = () => {
      if (document.querySelector('body[data-state=answered] #loss-value')) performance.mark('result');
      else requestAnimationFrame(look);
    };
    look();
  });
  await page.goto(url);
  await answered(page);
  const mark = await page.waitForFunction(() => performance.getEntriesByName('result')[0]?.startTime);
  const time = (await mark.jsonValue()) as number;
  await page.close();
  return time;
}

const noise = (rows: number, columns: number) =>
  Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => Math.sin(12.9898 * i + 78.233 * j) / 10));

/** 784-128-10 with 64 samples. */
const large: GradientsRequest = {
  network: {
    layers: [
      { weights: noise(128, 784), biases: new Array(128).fill(0.01), activation: 'relu' },
      { weights: noise(10, 128), biases: new Array(10).fill(0) },
    ],
  },
  batch: { inputs: noise(64, 784), targets: Array.from({ length: 64 }, (_, i) => i % 10) },
  loss: 'cross_entropy',
};

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  /** CPU time in microseconds, without the time of other processes. */
  readonly tdur?: number;
}

/** The longest task of the page in milliseconds, from the answer on: it is drawn, in charts too, and all of its steps are gone through. */
async function longestTask(browser: Browser, url: string): Promise<number> {
  const { page } = await openPage(browser, url);
  await browser.startTracing(page, { categories: ['toplevel', 'devtools.timeline', 'blink.user_timing'] });
  await page.click('#tab-request');
  const buffer = Buffer.from(JSON.stringify(large));
  await page.setInputFiles('#file', { name: 'digits.json', mimeType: 'application/json', buffer });
  await page.waitForSelector('#summary:has-text("101770")');
  await answered(page);
  await page.click('#tab-charts');
  await page.waitForSelector('#charts:not([aria-busy]) figure');
  await page.click('#tab-steps');
  await page.locator('#tab-steps').blur();
  for (let step = 2; step <= 15; step++) await page.keyboard.press('ArrowRight');
  await page.waitForSelector('#step-count:has-text("15 / 15")');
  for (const key of ['0:5', '1:3', '2:2']) await page.click(`[data-key="${key}"] circle`);
  const { traceEvents }: { traceEvents: TraceEvent[] } = JSON.parse(`${await browser.stopTracing()}`);
  await page.close();
  const answer = traceEvents.find(({ name }) => name === 'answer read') as TraceEvent;
  const isAfter = ({ pid, tid, ts }: TraceEvent) => pid === answer.pid && tid === answer.tid && ts >= answer.ts;
  const tasks = traceEvents.filter((event) => event.name.endsWith('RunTask') && isAfter(event));
  return Math.max(...tasks.map(({ tdur = 0 }) => tdur / 1000));
}

const service = await startService();
const browser = await openBrowser();
const rounds: Record<keyof typeof MAX_MS, number[]> = { first: [], task: [] };
try {
  for (let round = 0; round < ROUNDS; round++) {
    rounds.first.push(await firstResult(browser, service.url.href));
    rounds.task.push(await longestTask(browser, service.url.href));
  }
} finally {
  await browser.close();
  service.process.kill();
}
const demand = (text: string, of: keyof typeof MAX_MS) => ({
  demand: `${text}: at most ${MAX_MS[of]} ms`,
  saw: `${Math.round(median(rounds[of]))} ms (${rounds[of].map(Math.round).join(', ')})`,
  met: median(rounds[of]) <= MAX_MS[of],
});
report({
  measured: [['rounds', ROUNDS]],
  demands: [
    demand('the first result, over 1.6 Mbit/s with 150 ms of latency', 'first'),
    demand('the longest task after the answer of 784-128-10 with 64 samples, CPU time', 'task'),
  ],
});
