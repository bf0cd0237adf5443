// A dataset and a network, and what clients do with them: inline and as jobs.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request as send } from 'node:http';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { Job } from '../../../schemas/job.ts';
import { wave } from '../../support/numbers.ts';
import type { Service } from '../../support/process.ts';
import { encodeSafetensors, file, SAFETENSORS, type Tensor } from '../../support/safetensors-file.ts';
import { uniform } from '../../support/workloads.ts';

export const FEATURES = 100;
const OUTPUTS = 10;

/** How often a job is looked at, and how soon a request is sent again that was refused for the time being, in milliseconds. */
const LOOK_MS = 200;

const CHUNK = 2 ** 18;

/** Puts a dataset of random numbers, made as they are sent. */
export async function put({ port }: Service, name: string, samples: number, seed: number): Promise<void> {
  const header = {
    inputs: { dtype: 'F32', shape: [samples, FEATURES], data_offsets: [0, samples * FEATURES * 4] },
    targets: {
      dtype: 'F32',
      shape: [samples, OUTPUTS],
      data_offsets: [samples * FEATURES * 4, samples * (FEATURES + OUTPUTS) * 4],
    },
  };
  function* bytes(): Generator<Buffer> {
    yield file(header, Buffer.alloc(0));
    const random = uniform(seed);
    for (let left = samples * (FEATURES + OUTPUTS); left > 0; left -= CHUNK)
      yield Buffer.from(Float32Array.from({ length: Math.min(CHUNK, left) }, random).buffer);
  }
  const upload = send({ port, path: `/datasets/${name}`, method: 'PUT', headers: { 'content-type': SAFETENSORS } });
  const answered = once(upload, 'response');
  await pipeline(Readable.from(bytes()), upload);
  const [response] = await answered;
  if (response.statusCode > 201) throw new Error(`PUT: ${response.statusCode} ${await text(response)}`);
  response.resume();
}

/** A request for the gradients of a network with these hidden layers, on all of a dataset. */
export function requestOf(dataset: string, hidden: readonly number[]): Buffer {
  const units = [FEATURES, ...hidden, OUTPUTS];
  const tensors = new Map<string, Tensor>();
  for (const [k, outputs] of units.slice(1).entries()) {
    const values = wave(outputs * units[k], k + 1).map((w) => w / 8);
    tensors.set(`network.layers.${k}.weights`, { shape: [outputs, units[k]], values });
    tensors.set(`network.layers.${k}.biases`, { shape: [outputs], values: wave(outputs, k + 20) });
  }
  const layers = units.slice(1).map((_, k) => (k < hidden.length ? { activation: 'tanh' } : {}));
  return encodeSafetensors(tensors, { request: JSON.stringify({ network: { layers }, batch: { dataset } }) });
}

const headers = { 'content-type': SAFETENSORS, accept: SAFETENSORS };

const digestOf = (bytes: ArrayBuffer) => createHash('sha256').update(new Uint8Array(bytes)).digest('hex').slice(0, 16);

/** The digest of the inline answer. */
export async function inline({ url }: Service, body: Buffer): Promise<string> {
  const response = await fetch(new URL('/gradients', url), { method: 'POST', headers, body: new Uint8Array(body) });
  if (!response.ok) throw new Error(`inline: ${response.status} ${await response.text()}`);
  return digestOf(await response.arrayBuffer());
}

/** Asks until there is an answer that is not for the time being: the service may be away, too. `service` is asked anew each time. */
async function patiently(service: () => Service, path: string, init: RequestInit = {}): Promise<Response> {
  for (;;) {
    const response = await fetch(new URL(path, service().url), init).catch(() => undefined);
    if (response && response.status !== 503) return response;
    await response?.body?.cancel();
    await wait(LOOK_MS);
  }
}

/** Makes a job, however often that takes. Returns its id. */
export async function submit(service: () => Service, body: Buffer, key: string): Promise<string> {
  const init = {
    method: 'POST',
    headers: { ...headers, prefer: 'respond-async', 'idempotency-key': key },
    body: new Uint8Array(body),
  };
  const response = await patiently(service, '/gradients', init);
  if (response.status !== 202) throw new Error(`job: ${response.status} ${await response.text()}`);
  return ((await response.json()) as Job).id;
}

/** The state of a job. */
export async function look(service: () => Service, id: string): Promise<Job> {
  const response = await patiently(service, `/jobs/${id}`);
  if (!response.ok) throw new Error(`job: ${response.status} ${await response.text()}`);
  return (await response.json()) as Job;
}

/** Waits until a job has ended; calls back with each state that is seen. */
export async function ended(service: () => Service, id: string, seen: (job: Job) => void = () => {}): Promise<Job> {
  for (;;) {
    const job = await look(service, id);
    seen(job);
    if (job.state === 'succeeded' || job.state === 'failed') return job;
    await wait(LOOK_MS);
  }
}

/** The digest of a job's result. */
export async function resultOf(service: () => Service, id: string): Promise<string> {
  const response = await patiently(service, `/jobs/${id}/result`, { headers });
  if (!response.ok) throw new Error(`result: ${response.status} ${await response.text()}`);
  return digestOf(await response.arrayBuffer());
}

export async function remove(service: () => Service, id: string): Promise<void> {
  await patiently(service, `/jobs/${id}`, { method: 'DELETE' });
}

/** A metric of a process; NaN if it does not answer. */
export async function metric({ url }: Service, name: string): Promise<number> {
  const body = await fetch(new URL('/metrics', url)).then(
    (response) => response.text(),
    () => '',
  );
  const line = body.split('\n').find((line) => line.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? Number.NaN);
}
