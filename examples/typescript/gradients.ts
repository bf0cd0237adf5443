// The gradients of a network, from a gradient service, with types generated from its OpenAPI description.
//
//     npm install
//     node gradients.ts            the network of the article
//     node gradients.ts FILE...    the requests in JSON files
//
// `npm run generate` regenerates the types from the service, `npm run check` checks the types.
import { readFile, realpath } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import createClient from 'openapi-fetch';
import type { paths } from './openapi.d.ts';

type Operation = paths['/gradients']['post'];
export type GradientsRequest = Operation['requestBody']['content']['application/json'];
export type GradientsAnswer = Operation['responses'][200]['content']['application/json'];
/** A problem document (RFC 9457). */
export type Problem = Operation['responses'][422]['content']['application/problem+json'];

const BUSY = [429, 502, 503];
const NO_CONNECTION = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT'];

/** The service refuses a request. */
export class GradientsError extends Error {
  readonly problem: Pick<Problem, 'title' | 'detail' | 'errors'>;

  constructor(problem: GradientsError['problem']) {
    const errors = (problem.errors ?? []).map(({ pointer, detail }) => `\n  ${pointer}: ${detail}`);
    super(`${problem.title}: ${problem.detail}${errors.join('')}`);
    this.problem = problem;
  }
}

export interface Options {
  /** The URL of the service. */
  readonly url?: string;
  readonly apiKey?: string;
  /** The seconds that one try may take, from connecting to the last byte of the answer. */
  readonly timeout?: number;
  /** For how many seconds a busy service is asked again, counted from the first failure. */
  readonly retryTime?: number;
}

/** The options in the environment. */
export function fromEnvironment({ GRADIENTS_URL, GRADIENTS_API_KEY, GRADIENTS_TIMEOUT, GRADIENTS_RETRY_TIME } = process.env): Options {
  return {
    url: GRADIENTS_URL,
    apiKey: GRADIENTS_API_KEY,
    timeout: GRADIENTS_TIMEOUT ? Number(GRADIENTS_TIMEOUT) : undefined,
    retryTime: GRADIENTS_RETRY_TIME ? Number(GRADIENTS_RETRY_TIME) : undefined,
  };
}

/**
 * A client with a method for every operation: `client.POST('/hessian', { body })`. It keeps its connections.
 *
 * While the service is busy or the connection breaks, it waits (as long as Retry-After says, and a random time that grows) and
 * tries again. A timeout is not retried. Without a connection it throws an Error that names the service.
 */
export function connect({ url = 'http://127.0.0.1:3000', apiKey, timeout = 300, retryTime = 120 }: Options = {}) {
  const service = url.replace(/\/+$/, '');
  return createClient<paths, 'application/json' | 'application/problem+json'>({
    baseUrl: service,
    headers: apiKey ? { Authorization: `Bearer ${apiKey}` } : {},
    fetch: (request) => patientFetch(request, service, timeout, retryTime),
  });
}

/** The answer to a request. Throws a GradientsError if the service refuses it. */
export async function gradients(client: ReturnType<typeof connect>, request: GradientsRequest): Promise<GradientsAnswer> {
  const { data, error, response } = await client.POST('/gradients', { body: request });
  // Only a request with Prefer: respond-async becomes a job.
  if (data && 'gradients' in data) return data;
  throw new GradientsError(error ?? { title: 'No answer', detail: `status ${response.status}` });
}

/** Fetches with the answer's body in the time limits. */
async function patientFetch(request: Request, service: string, timeout: number, retryTime: number): Promise<Response> {
  let firstFailure: number | undefined;
  for (let backoff = 0.5; ; backoff = Math.min(2 * backoff, 10)) {
    let wait = backoff * Math.random();
    let limit = retryTime;
    let response: Response | undefined;
    let failure: unknown;
    const expiry = AbortSignal.timeout(1000 * timeout);
    try {
      const answered = await fetch(request.clone(), { signal: AbortSignal.any([request.signal, expiry]) });
      response = new Response(await answered.arrayBuffer(), answered);
      if (!BUSY.includes(response.status)) limit = 0;
      wait += secondsToWait(response);
      const isProblem = response.headers.get('Content-Type')?.startsWith('application/problem+json');
      if (response.ok || (isProblem && limit === 0)) return response;
      // A proxy may have sent something other than a problem document.
      if (!isProblem) failure = new Error(`No answer: ${service} answered ${response.status}`);
    } catch (error) {
      if (expiry.aborted) throw new Error(`no answer from ${service} within ${timeout} s`, { cause: error });
      // fetch throws a TypeError if there is no connection; its cause has the reason.
      if (!(error instanceof TypeError)) throw error;
      const { code, message } = (error.cause ?? error) as NodeJS.ErrnoException;
      failure = new Error(`no answer from ${service}: ${message || code}`, { cause: error });
      // A restart takes less than 10 seconds.
      if (code && NO_CONNECTION.includes(code)) limit = Math.min(limit, 10);
    }
    firstFailure ??= performance.now();
    if ((performance.now() - firstFailure) / 1000 + wait > limit) {
      if (failure) throw failure;
      return response as Response;
    }
    await sleep(1000 * wait, undefined, { signal: request.signal });
  }
}

/** Seconds to wait, by Retry-After; without it, 0. */
function secondsToWait(response: Response): number {
  const wait = response.headers.get('Retry-After') ?? '';
  return /^\d+$/.test(wait) ? Number(wait) : 0;
}

const article: GradientsRequest = {
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

async function main(files: string[]): Promise<void> {
  const client = connect(fromEnvironment());
  const requests = files.length ? files.map(async (file) => JSON.parse(await readFile(file, 'utf8'))) : [article];
  for await (const request of requests) {
    const answer = await gradients(client, request);
    console.log(`loss: ${answer.loss}`);
    for (const [number, layer] of answer.gradients.entries()) {
      for (const [name, values] of Object.entries(layer)) console.log(`layer ${number} ${name}: ${JSON.stringify(values)}`);
    }
    console.log(`divisor: ${answer.divisor}`);
  }
}

/** Prints the error, and exits with 1. */
function fail({ message }: Error): void {
  console.error(message);
  process.exitCode = 1;
}

// Skipped when another file imports this one.
if (import.meta.filename === (await realpath(process.argv[1]))) await main(process.argv.slice(2)).catch(fail);
