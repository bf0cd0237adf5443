// A job of many parts, and what clients do with it over HTTP.
import { once } from 'node:events';
import { get } from 'node:http';
import type { Test } from 'tap';
import type { Job } from '../../schemas/job.ts';
import { safetensors } from '../store/catalog.ts';
import { wave } from '../support/numbers.ts';
import type { Service } from '../support/process.ts';
import { encodeSafetensors, SAFETENSORS } from '../support/safetensors-file.ts';

/** With so many features, a part is a tile of 512 samples: its result goes through two levels of sums. */
export const FEATURES = 1030;
export const HIDDEN = 200;
export const PARTS = 20;
const SAMPLES = PARTS * 512 - 100;

export const data = safetensors({
  inputs: ['F32', [SAMPLES, FEATURES], Float32Array.from(wave(SAMPLES * FEATURES, 1))],
  targets: ['F64', [SAMPLES, 2], wave(SAMPLES * 2, 2)],
});

export const gradients = encodeSafetensors(
  new Map([
    ['network.layers.0.weights', { shape: [HIDDEN, FEATURES], values: wave(HIDDEN * FEATURES, 3) }],
    ['network.layers.0.biases', { shape: [HIDDEN], values: wave(HIDDEN, 4) }],
    ['network.layers.1.weights', { shape: [2, HIDDEN], values: wave(2 * HIDDEN, 5) }],
  ]),
  { request: JSON.stringify({ network: { layers: [{ activation: 'tanh' }, {}] }, batch: { dataset: 'large' } }) },
);

export const type = { 'content-type': SAFETENSORS };

export async function put(t: Test, { url }: Service): Promise<void> {
  const response = await fetch(new URL('/datasets/large', url), { method: 'PUT', headers: type, body: data });
  t.equal(response.status, 201, await response.text());
}

/** Makes a job, and returns its path. */
export async function submit(t: Test, { url }: Service): Promise<string> {
  const headers = { ...type, prefer: 'respond-async' };
  const response = await fetch(new URL('/gradients', url), { method: 'POST', headers, body: gradients });
  t.equal(response.status, 202, await response.text());
  return response.headers.get('location') as string;
}

/** Follows the events of a job until there is one that fits, and returns its document. */
export async function followed({ url }: Service, path: string, fits: (job: Job) => boolean): Promise<Job> {
  const asked = get(new URL(path, url), { headers: { accept: 'text/event-stream' }, agent: false });
  const [response] = await once(asked, 'response');
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    const events = `${text}${chunk}`.split('\n\n');
    text = events.pop() as string;
    for (const event of events) {
      const job: Job = JSON.parse(event.slice(event.indexOf('data: ') + 6));
      if (fits(job)) return job;
    }
  }
  throw new Error(`the events of ${path} ended`);
}

export const isHalfDone = ({ parts: { total, completed } }: Job) => completed > 0 && completed < total;
export const hasEnded = ({ state }: Job) => ['succeeded', 'failed'].includes(state);

export async function bytesAt({ url }: Service, path: string, init: RequestInit = {}): Promise<Buffer> {
  const headers = { ...type, accept: SAFETENSORS };
  for (;;) {
    const response = await fetch(new URL(path, url), { headers, ...init });
    const bytes = Buffer.from(await response.arrayBuffer());
    // A connection to the store that was open while it was away fails once, which clients are told to try again.
    if (response.status !== 503) return bytes;
  }
}

/** The parts of jobs that a process has computed. */
export async function computedParts({ url }: Service): Promise<number> {
  const text = await (await fetch(new URL('/metrics', url))).text();
  return Number(/^gradients_job_parts_total\{outcome="computed"\} (\d+)$/m.exec(text)?.[1]);
}
