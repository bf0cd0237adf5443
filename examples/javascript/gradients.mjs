// The gradients of a network, from a gradient service, without any library.
//
//     node gradients.mjs         the network of the article
//     node gradients.mjs FILE    the request in a JSON file
//
// GRADIENTS_URL is the URL of the service, GRADIENTS_API_KEY its API key.
import { readFile, realpath } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const { GRADIENTS_URL = 'http://127.0.0.1:3000', GRADIENTS_API_KEY } = process.env;
const TRIES = 5;

/** An error that the service answers; `problem` is its problem document (RFC 9457). */
export class GradientsError extends Error {
  constructor(problem) {
    const errors = (problem.errors ?? []).map(({ pointer, detail }) => `\n  ${pointer}: ${detail}`);
    super(`${problem.title}: ${problem.detail}${errors.join('')}`);
    this.problem = problem;
  }
}

/**
 * The answer to a request: its `loss`, its `gradients`, and what it includes.
 * If the service is busy (429, 503), this waits as long as Retry-After says and tries again.
 */
export async function gradients(request) {
  const headers = { 'Content-Type': 'application/json' };
  if (GRADIENTS_API_KEY) headers.Authorization = `Bearer ${GRADIENTS_API_KEY}`;
  const body = JSON.stringify(request);
  for (let tries = 1; ; tries++) {
    const response = await fetch(`${GRADIENTS_URL}/gradients`, { method: 'POST', headers, body });
    if (response.ok) return response.json();
    const problem = await problemOf(response);
    if (![429, 503].includes(response.status) || tries === TRIES) throw new GradientsError(problem);
    await sleep(1000 * secondsToWait(response));
  }
}

/** Seconds to wait, by Retry-After; without it, 1. */
function secondsToWait(response) {
  const wait = response.headers.get('Retry-After') ?? '';
  return /^\d+$/.test(wait) ? Number(wait) : 1;
}

/** The problem document of an answer. A proxy may have sent something else. */
async function problemOf(response) {
  const text = await response.text();
  if (response.headers.get('Content-Type')?.startsWith('application/problem+json')) return JSON.parse(text);
  return { title: response.statusText, detail: `the service answered ${response.status}` };
}

const article = {
  network: {
    layers: [
      { weights: Array(3).fill([0.1, 0.1]), biases: [0.1, 0.1, 0.1], activation: 'tanh' },
      { weights: Array(3).fill([0.1, 0.1, 0.1]), biases: [0.1, 0.1, 0.1], activation: 'tanh' },
      { weights: Array(2).fill([0.1, 0.1, 0.1]), biases: [0.1, 0.1] },
    ],
  },
  // One sample per column.
  batch: { inputs: [[3, 2], [4, 5]], targets: [[2, 1], [2, 2]], samples: 'columns' },
  loss: 'mse',
};

async function main([file]) {
  const request = file ? JSON.parse(await readFile(file, 'utf8')) : article;
  const answer = await gradients(request);
  console.log(`loss: ${answer.loss}`);
  for (const [number, layer] of answer.gradients.entries()) {
    for (const [name, values] of Object.entries(layer)) console.log(`layer ${number} ${name}: ${JSON.stringify(values)}`);
  }
}

/** Prints the error, and exits with 1. */
export function fail({ message, cause }) {
  // If there is no connection, the cause has the reason.
  console.error(cause ? `${message}: ${cause.message}` : message);
  process.exitCode = 1;
}

// Skipped when another file imports this one.
if (import.meta.filename === (await realpath(process.argv[1]))) await main(process.argv.slice(2)).catch(fail);
