// A service that is ended in the middle of an upload or a job, and started again on the same store.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type ClientRequest, get, request as send } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Job } from '../../schemas/job.ts';
import { safetensors } from '../store/catalog.ts';
import { missing, startS3 } from '../store/s3-server.ts';
import { wave } from '../support/numbers.ts';
import { type Service, startService } from '../support/process.ts';
import { encodeSafetensors, SAFETENSORS } from '../support/safetensors-file.ts';

/** With so many features, a part is a tile of 512 samples: its result goes through two levels of sums. */
const FEATURES = 1030;
const HIDDEN = 200;
const PARTS = 20;
const SAMPLES = PARTS * 512 - 100;

const data = safetensors({
  inputs: ['F32', [SAMPLES, FEATURES], Float32Array.from(wave(SAMPLES * FEATURES, 1))],
  targets: ['F64', [SAMPLES, 2], wave(SAMPLES * 2, 2)],
});

const gradients = encodeSafetensors(
  new Map([
    ['network.layers.0.weights', { shape: [HIDDEN, FEATURES], values: wave(HIDDEN * FEATURES, 3) }],
    ['network.layers.0.biases', { shape: [HIDDEN], values: wave(HIDDEN, 4) }],
    ['network.layers.1.weights', { shape: [2, HIDDEN], values: wave(2 * HIDDEN, 5) }],
  ]),
  { request: JSON.stringify({ network: { layers: [{ activation: 'tanh' }, {}] }, batch: { dataset: 'large' } }) },
);

const type = { 'content-type': SAFETENSORS };

/** Starts the service on a store; it is ended with the test. */
async function start(t: Test, store: string): Promise<Service> {
  const service = await startService({ environment: { STORE: store, DRAIN_MS: '0' } });
  t.teardown(() => service.process.kill('SIGKILL'));
  return service;
}

/** Kills the service, and starts it again. */
async function restart(t: Test, service: Service, store: string): Promise<Service> {
  service.process.kill('SIGKILL');
  t.equal(await service.exit, null);
  return start(t, store);
}

/** Begins an upload: resolves when half of the body has been sent. */
function beginUpload({ url }: Service): Promise<ClientRequest> {
  const upload = send(new URL('/datasets/large', url), { method: 'PUT', headers: { ...type, 'content-length': data.length } });
  // The connection breaks when the service is killed.
  upload.on('error', () => {});
  return new Promise((resolve) => upload.write(data.subarray(0, data.length / 2), () => resolve(upload)));
}

async function put(t: Test, { url }: Service): Promise<void> {
  const response = await fetch(new URL('/datasets/large', url), { method: 'PUT', headers: type, body: data });
  t.equal(response.status, 201, await response.text());
}

/** Makes a job, and returns its path. */
async function submit(t: Test, { url }: Service): Promise<string> {
  const headers = { ...type, prefer: 'respond-async' };
  const response = await fetch(new URL('/gradients', url), { method: 'POST', headers, body: gradients });
  t.equal(response.status, 202, await response.text());
  return response.headers.get('location') as string;
}

/** Follows the events of a job until there is one that fits, and returns its document. */
async function followed({ url }: Service, path: string, fits: (job: Job) => boolean): Promise<Job> {
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

const isHalfDone = ({ parts: { total, completed } }: Job) => completed > 0 && completed < total;
const hasEnded = ({ state }: Job) => ['succeeded', 'failed'].includes(state);

async function bytesAt({ url }: Service, path: string, init: RequestInit = {}): Promise<Buffer> {
  const headers = { ...type, accept: SAFETENSORS };
  return Buffer.from(await (await fetch(new URL(path, url), { headers, ...init })).arrayBuffer());
}

/** The parts of jobs that a process has computed. */
async function computedParts({ url }: Service): Promise<number> {
  const text = await (await fetch(new URL('/metrics', url))).text();
  return Number(/^gradients_job_parts_total\{outcome="computed"\} (\d+)$/m.exec(text)?.[1]);
}

/** Asserts that a job of which some parts had been completed by another process goes on, and has the inline answer. */
async function goesOn(t: Test, service: Service, path: string, { parts: { completed } }: Job): Promise<void> {
  const { state, parts, problem } = await followed(service, path, hasEnded);
  t.equal(state, 'succeeded', JSON.stringify(problem));
  t.strictSame(parts, { total: PARTS, completed: PARTS });
  const computed = await computedParts(service);
  t.ok(computed > 0 && computed + completed <= PARTS, `${completed} parts, and after the restart ${computed} more`);
  const result = await bytesAt(service, `${path}/result`);
  const inline = await bytesAt(service, '/gradients', { method: 'POST', body: gradients });
  t.ok(result.length > FEATURES * HIDDEN * 8 && result.equals(inline), 'the bytes of the inline answer');
}

async function killInJob(t: Test, store: string): Promise<void> {
  const service = await start(t, store);
  await put(t, service);
  const path = await submit(t, service);
  const before = await followed(service, path, isHalfDone);
  await goesOn(t, await restart(t, service, store), path, before);
}

function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'store-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
}

t.test('killed in the middle of an upload: there is no dataset', async (t) => {
  const store = folderOf(t);
  const service = await start(t, store);
  await beginUpload(service);
  const { url } = await restart(t, service, store);
  t.equal((await fetch(new URL('/datasets/large', url))).status, 404);
  t.strictSame(await (await fetch(new URL('/datasets', url))).json(), { datasets: [] });
});

t.test('killed in the middle of a job: it goes on', (t) => killInJob(t, folderOf(t)));

t.test('killed in the middle of a job, with a store in S3', { skip: missing }, async (t) => {
  const server = await startS3();
  t.teardown(() => server.stop());
  const bucket = await server.makeBucket();
  await killInJob(t, `s3://${bucket}/jobs`);
});

t.test('SIGTERM in the middle of a job: the process ends in time, and the job goes on', async (t) => {
  const store = folderOf(t);
  const service = await start(t, store);
  await put(t, service);
  const path = await submit(t, service);
  const before = await followed(service, path, isHalfDone);
  service.process.kill('SIGTERM');
  t.equal(await service.exit, 0);
  await goesOn(t, await start(t, store), path, before);
});
