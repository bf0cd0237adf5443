// The gradients of a network, from a gradient service, without any library.
//
//     node gradients.mjs            the network of the article
//     node gradients.mjs FILE...    the requests in JSON files
import { readFile, realpath } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const env = process.env;
const BUSY = [429, 502, 503];
const NO_CONNECTION = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT'];

/** The service refuses a request; `problem` is its problem document (RFC 9457). */
export class GradientsError extends Error {
  constructor(problem) {
    const errors = (problem.errors ?? []).map(({ pointer, detail }) => `\n  ${pointer}: ${detail}`);
    super(`${problem.title}: ${problem.detail}${errors.join('')}`);
    this.problem = problem;
  }
}

/**
 * The answer to a request: its `loss`, `gradients`, `divisor`, and what it includes.
 *
 * While the service is busy or the connection breaks, this waits (as long as Retry-After says, and a random time that grows)
 * and tries again. A timeout is not retried. Connections are kept.
 *
 * - `operation`: any of the service, such as "hessian"
 * - `url`, `apiKey`: of the service
 * - `timeout`: the seconds that one try may take, from connecting to the last byte of the answer
 * - `retryTime`: for how many seconds a busy service is asked again, counted from the first failure
 * - `signal`: an AbortSignal that ends it all
 */
export async function gradients(
  request,
  {
    operation = 'gradients',
    url = env.GRADIENTS_URL ?? 'http://127.0.0.1:3000',
    apiKey = env.GRADIENTS_API_KEY,
    timeout = Number(env.GRADIENTS_TIMEOUT ?? 300),
    retryTime = Number(env.GRADIENTS_RETRY_TIME ?? 120),
    signal,
  } = {},
) {
  const service = url.replace(/\/+$/, '');
  const headers = { 'Content-Type': 'application/json', ...(apiKey && { Authorization: `Bearer ${apiKey}` }) };
  const body = JSON.stringify(request);
  let firstFailure;
  for (let backoff = 0.5; ; backoff = Math.min(2 * backoff, 10)) {
    let wait = backoff * Math.random();
    let limit = retryTime;
    let failure;
    const expiry = AbortSignal.timeout(1000 * timeout);
    try {
      const ends = signal ? AbortSignal.any([signal, expiry]) : expiry;
      const response = await fetch(`${service}/${operation}`, { method: 'POST', headers, body, signal: ends });
      const text = await response.text();
      if (response.ok) return JSON.parse(text);
      failure = new GradientsError(problemOf(response, text, service));
      wait += secondsToWait(response);
      if (!BUSY.includes(response.status)) limit = 0;
    } catch (error) {
      if (expiry.aborted) throw new Error(`no answer from ${service} within ${timeout} s`, { cause: error });
      // fetch throws a TypeError if there is no connection; its cause has the reason.
      if (!(error instanceof TypeError)) throw error;
      const { code, message } = error.cause ?? error;
      failure = new Error(`no answer from ${service}: ${message || code}`, { cause: error });
      // A restart takes less than 10 seconds.
      if (NO_CONNECTION.includes(code)) limit = Math.min(limit, 10);
    }
    firstFailure ??= performance.now();
    if ((performance.now() - firstFailure) / 1000 + wait > limit) throw failure;
    await sleep(1000 * wait, undefined, { signal });
  }
}

/** Seconds to wait, by Retry-After; without it, 0. */
function secondsToWait(response) {
  const wait = response.headers.get('Retry-After') ?? '';
  return /^\d+$/.test(wait) ? Number(wait) : 0;
}

/** The problem document of an answer. A proxy may have sent something else. */
function problemOf(response, text, service) {
  if (response.headers.get('Content-Type')?.startsWith('application/problem+json')) return JSON.parse(text);
  return { title: response.statusText, detail: `${service} answered ${response.status}` };
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

async function main(files) {
  const requests = files.length ? files.map(async (file) => JSON.parse(await readFile(file, 'utf8'))) : [article];
  for await (const request of requests) {
    const answer = await gradients(request);
    console.log(`loss: ${answer.loss}`);
    for (const [number, layer] of answer.gradients.entries()) {
      for (const [name, values] of Object.entries(layer)) console.log(`layer ${number} ${name}: ${JSON.stringify(values)}`);
    }
    console.log(`divisor: ${answer.divisor}`);
  }
}

/** Prints the error, and exits with 1. */
export function fail({ message }) {
  console.error(message);
  process.exitCode = 1;
}

// Skipped when another file imports this one.
if (import.meta.filename === (await realpath(process.argv[1]))) await main(process.argv.slice(2)).catch(fail);
