// npm run large-data: a dataset much larger than memory is put, and a job has all of it as its batch. The memory of the service stays small,
// and the result is the sum over ranges of rows. `--gigabytes N` sets the size, `--store PLACE` where it is kept, by default a temporary folder.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request as send } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { json } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { Job } from '../../schemas/job.ts';
import { arraysOf, isNear, largest, wave } from '../support/numbers.ts';
import { peakMemory, residentMemory, type Service, startService } from '../support/process.ts';
import { file, SAFETENSORS } from '../support/safetensors-file.ts';
import { uniform } from '../support/workloads.ts';
import { type Demand, option, report } from './report.ts';

const [FEATURES, HIDDEN, OUTPUTS] = [64, 32, 2];
const BYTES_PER_ROW = (FEATURES + OUTPUTS) * Float64Array.BYTES_PER_ELEMENT;
const SAMPLES = Math.floor((option('gigabytes', 10) * 1e9) / BYTES_PER_ROW);

/** The most memory of the service, in bytes. */
const MOST_MEMORY = 1.2e9;

/** The numbers that are generated at a time, and the rows of a request for a sum: 100 MB. */
const CHUNK = 2 ** 17;
const ROWS = 200_000;

/** The interval between questions for the state of the job, in milliseconds. */
const LOOK_MS = 250;

/** The dataset as a safetensors file: random numbers, made as they are sent. */
function* dataset(): Generator<Buffer> {
  const inputBytes = SAMPLES * FEATURES * Float64Array.BYTES_PER_ELEMENT;
  const header = {
    inputs: { dtype: 'F64', shape: [SAMPLES, FEATURES], data_offsets: [0, inputBytes] },
    targets: { dtype: 'F64', shape: [SAMPLES, OUTPUTS], data_offsets: [inputBytes, SAMPLES * BYTES_PER_ROW] },
  };
  yield file(header, Buffer.alloc(0));
  const random = uniform(1);
  for (let left = SAMPLES * (FEATURES + OUTPUTS); left > 0; left -= CHUNK)
    yield Buffer.from(Float64Array.from({ length: Math.min(CHUNK, left) }, random).buffer);
}

async function put({ port }: Service): Promise<void> {
  const headers = { 'content-type': SAFETENSORS };
  const upload = send({ port, path: '/datasets/large', method: 'PUT', headers });
  const answered = once(upload, 'response');
  await pipeline(Readable.from(dataset()), upload);
  const [response] = await answered;
  if (response.statusCode !== 201) throw new Error(`PUT: ${response.statusCode} ${JSON.stringify(await json(response))}`);
  response.resume();
}

const matrix = (rows: number, columns: number, seed: number) =>
  Array.from({ length: rows }, (_, i) => Array.from(wave(columns, seed + i), (number) => number / 8));

const network = {
  layers: [
    { weights: matrix(HIDDEN, FEATURES, 1), biases: matrix(1, HIDDEN, 50)[0], activation: 'tanh' },
    { weights: matrix(OUTPUTS, HIDDEN, 60), biases: matrix(1, OUTPUTS, 70)[0] },
  ],
};

async function ask<Answer>(
  { url }: Service,
  path: string,
  batch?: object,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const body = JSON.stringify({ network, batch, loss: 'mse' });
  const post = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body };
  const response = await fetch(new URL(path, url), batch && post);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Answer;
}

/** An answer of POST /gradients. */
interface Gradients {
  readonly divisor: number;
}

/** Runs a job on the whole dataset. */
async function runJob(service: Service): Promise<{ job: Job; gradients: Gradients }> {
  let job = await ask<Job>(service, '/gradients', { dataset: 'large' }, { prefer: 'respond-async' });
  while (!['succeeded', 'failed'].includes(job.state)) {
    await wait(LOOK_MS);
    job = await ask<Job>(service, `/jobs/${job.id}`);
  }
  return { job, gradients: await ask<Gradients>(service, `/jobs/${job.id}/result`) };
}

/** The arrays of an answer by their paths, apart from the divisor. */
const numbersOf = ({ divisor, ...arrays }: Gradients) => new Map(arraysOf(arrays));

/** The answer for the whole dataset, from those for ranges of its rows: sums weighted by the divisors. */
async function summed(service: Service): Promise<ReturnType<typeof numbersOf>> {
  const sums = new Map<string, number[]>();
  let divisors = 0;
  for (let first = 0; first < SAMPLES; first += ROWS) {
    const rows = [first, Math.min(first + ROWS, SAMPLES)];
    const answer = await ask<Gradients>(service, '/gradients', { dataset: 'large', rows });
    divisors += answer.divisor;
    for (const [path, numbers] of numbersOf(answer)) {
      const before = sums.get(path);
      sums.set(
        path,
        numbers.map((number, i) => (before?.[i] ?? 0) + answer.divisor * number),
      );
    }
  }
  return new Map([...sums].map(([path, numbers]) => [path, numbers.map((number) => number / divisors)]));
}

/** The arrays that differ, with the largest difference relative to their largest number. */
function differences(actual: ReadonlyMap<string, number[]>, expected: ReadonlyMap<string, number[]>): string[] {
  return [...expected].flatMap(([path, numbers]) => {
    const got = actual.get(path) ?? [];
    const scale = largest(numbers);
    if (got.length === numbers.length && numbers.every((number, i) => isNear(number, got[i], scale))) return [];
    return [`${path}: ${largest(numbers.map((number, i) => (number - got[i]) / scale)).toExponential(1)}`];
  });
}

async function timed<Result>(work: Promise<Result>): Promise<{ result: Result; seconds: number }> {
  const began = performance.now();
  const result = await work;
  return { result, seconds: (performance.now() - began) / 1000 };
}

const MB = (bytes = 0) => `${(bytes / 1e6).toFixed(0)} MB`;

async function run(store: string): Promise<void> {
  const service = await startService({ environment: { STORE: store }, keep: () => false });
  const { pid } = service.process as { pid: number };
  const bytes = SAMPLES * BYTES_PER_ROW;
  try {
    const atStart = residentMemory(pid);
    const upload = await timed(put(service));
    const afterUpload = peakMemory(pid);
    console.log(`uploaded in ${upload.seconds.toFixed(0)} s, peak ${MB(afterUpload)}`);
    const { result, seconds } = await timed(runJob(service));
    const peak = peakMemory(pid) ?? 0;
    const { job, gradients } = result;
    console.log(`${job.state} in ${seconds.toFixed(0)} s, peak ${MB(peak)}`);
    const different = differences(numbersOf(gradients), await summed(service));
    const demands: Demand[] = [
      { demand: `memory at most ${MB(MOST_MEMORY)}`, saw: MB(peak), met: peak <= MOST_MEMORY },
      { demand: 'the job succeeds', saw: job.problem?.detail ?? job.state, met: job.state === 'succeeded' },
      {
        demand: 'its result is the sum over ranges of rows, to 1e-12',
        saw: different.join(', ') || 'it is',
        met: different.length === 0,
      },
    ];
    const speed = (seconds: number) => `${seconds.toFixed(1)} s, ${MB(bytes / seconds)}/s`;
    report({
      measured: [
        ['dataset', `${SAMPLES} samples, ${MB(bytes)}`],
        ['upload', speed(upload.seconds)],
        ['job', `${speed(seconds)}, ${job.parts.total} parts`],
        ['memory', `${MB(atStart)} at the start, at most ${MB(afterUpload)} in the upload, ${MB(peak)} in the job`],
      ],
      demands,
    });
    await fetch(new URL('/datasets/large', service.url), { method: 'DELETE' });
  } finally {
    service.process.kill('SIGTERM');
    await service.exit;
  }
}

const at = process.argv.indexOf('--store');
if (at >= 0) await run(process.argv[at + 1] as string);
else {
  const folder = mkdtempSync(join(tmpdir(), 'large-data-'));
  try {
    await run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
