// The gradients of a network, from a gradient service, with types generated from its OpenAPI description.
//
//     npm install
//     node gradients.ts         the network of the article
//     node gradients.ts FILE    the request in a JSON file
//
// GRADIENTS_URL is the URL of the service, GRADIENTS_API_KEY its API key.
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

const { GRADIENTS_URL = 'http://127.0.0.1:3000', GRADIENTS_API_KEY } = process.env;
const TRIES = 5;

const client = createClient<paths, 'application/json' | 'application/problem+json'>({
  baseUrl: GRADIENTS_URL,
  headers: GRADIENTS_API_KEY ? { Authorization: `Bearer ${GRADIENTS_API_KEY}` } : {},
});

/** An error that the service answers. */
export class GradientsError extends Error {
  readonly problem: Pick<Problem, 'title' | 'detail' | 'errors'>;

  constructor(problem: GradientsError['problem']) {
    const errors = (problem.errors ?? []).map(({ pointer, detail }) => `\n  ${pointer}: ${detail}`);
    super(`${problem.title}: ${problem.detail}${errors.join('')}`);
    this.problem = problem;
  }
}

/** The answer to a request. If the service is busy (429, 503), this waits as long as Retry-After says and tries again. */
export async function gradients(request: GradientsRequest): Promise<GradientsAnswer> {
  for (let tries = 1; ; tries++) {
    const { data, error, response } = await client.POST('/gradients', { body: request });
    // Only a request with Prefer: respond-async becomes a job.
    if (data && 'gradients' in data) return data;
    if (![429, 503].includes(response.status) || tries === TRIES) {
      // A proxy may have sent something other than a problem document.
      const isProblem = response.headers.get('Content-Type')?.startsWith('application/problem+json');
      throw new GradientsError(
        isProblem && error ? error : { title: 'No answer', detail: `the service answered ${response.status}` },
      );
    }
    await sleep(1000 * secondsToWait(response));
  }
}

/** Seconds to wait, by Retry-After; without it, 1. */
function secondsToWait(response: Response): number {
  const wait = response.headers.get('Retry-After') ?? '';
  return /^\d+$/.test(wait) ? Number(wait) : 1;
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

async function main([file]: string[]): Promise<void> {
  const request: GradientsRequest = file ? JSON.parse(await readFile(file, 'utf8')) : article;
  const answer = await gradients(request);
  console.log(`loss: ${answer.loss}`);
  for (const [number, layer] of answer.gradients.entries()) {
    for (const [name, values] of Object.entries(layer)) console.log(`layer ${number} ${name}: ${JSON.stringify(values)}`);
  }
}

/** Prints the error, and exits with 1. */
function fail({ message, cause }: Error): void {
  // If there is no connection, the cause has the reason.
  console.error(cause instanceof Error ? `${message}: ${cause.message}` : message);
  process.exitCode = 1;
}

// Skipped when another file imports this one.
if (import.meta.filename === (await realpath(process.argv[1]))) await main(process.argv.slice(2)).catch(fail);
