// Runs jobs in the pool of this process, on rows that it reads from the catalog.
import { type Divisor, finishDivisor, NO_TERMS } from '../backprop/reduction.ts';
import type { Shapes } from '../operations/data.ts';
import type { Range, StepResults } from '../operations/steps.ts';
import type { Pool } from '../pool/pool.ts';
import { bytesPerRow, datasetOf, type Source } from '../pool/resident.ts';
import { Refusal } from '../refusal.ts';
import type { Column, Columns, Content, Rows } from '../store/dataset.ts';
import type { Encoded } from '../wire/codec.ts';
import type { MediaType } from '../wire/codecs.ts';
import type { Job, JobPlan, JobRequest, Runner } from './runner.ts';

export class PoolRunner implements Runner {
  readonly fingerprint: string;
  readonly #pool: Pool;
  readonly #source: Source;

  constructor(pool: Pool, source: Source, fingerprint: string) {
    this.#pool = pool;
    this.#source = source;
    this.fingerprint = fingerprint;
  }

  async plan(owner: string, request: JobRequest): Promise<JobPlan> {
    const first = await this.#pool.step({ ...copyOf(request), step: 'plan', shapes: undefined }, 0);
    if (!('dataset' in first)) return planFrom(first);
    const { etag, columns, bytes } = await datasetOf(this.#source, owner, first.dataset);
    const content = { etag, columns, bytes };
    const planned = await this.#pool.step({ ...copyOf(request), step: 'plan', shapes: shapesOf(columns) }, 0);
    return planFrom(planned as Exclude<typeof planned, { dataset: string }>, content);
  }

  async divisor(job: Job, signal?: AbortSignal): Promise<Divisor> {
    const { plan } = job;
    if (plan.divisor) return plan.divisor;
    // A batch in the request is there as a whole.
    const parts = plan.content ? plan.parts : 1;
    let state = NO_TERMS;
    for (;;) {
      for (let i = 0; i < parts; i++) {
        const part = await this.#part(job, i, signal, true);
        state = await this.#pool.step({ ...copyOf(job.request), step: 'divisor', state, ...part.of }, part.bytes, signal);
      }
      const divisor = finishDivisor(state);
      if ('factor' in divisor) return divisor;
      state = divisor;
    }
  }

  async part(job: Job, divisor: Divisor, i: number, signal?: AbortSignal): Promise<Uint8Array> {
    const { of, bytes } = await this.#part(job, i, signal);
    return bytesOf(await this.#pool.step({ ...copyOf(job.request), step: 'part', i, divisor, ...of }, bytes, signal));
  }

  async merge({ request, plan }: Job, children: readonly Uint8Array[], signal?: AbortSignal): Promise<Uint8Array> {
    const nodes = children.map(numbersOf);
    const bytes = children.reduce((sum, { length }) => sum + length, 0);
    return bytesOf(await this.#pool.step({ ...copyOf(request), step: 'merge', ...wholeOf(plan), nodes }, bytes, signal));
  }

  async answer(job: Job, divisor: Divisor, root: Uint8Array, answerType: MediaType, signal?: AbortSignal): Promise<Encoded> {
    const { request, plan } = job;
    const step = { divisor, root: numbersOf(root), answerType, ...wholeOf(plan) };
    const answer = await this.#pool.step({ ...copyOf(request), step: 'answer', ...step }, root.length, signal);
    if (answer === undefined) throw await this.#nonFinite(job, divisor, root, signal);
    // A Buffer comes from a thread as a Uint8Array.
    return typeof answer === 'string' ? answer : Buffer.from(answer.buffer, answer.byteOffset, answer.length);
  }

  /** Why the result is not finite. */
  async #nonFinite(job: Job, divisor: Divisor, root: Uint8Array, signal?: AbortSignal): Promise<Refusal> {
    let first: StepResults['find'] | undefined;
    for (let i = 0; i < job.plan.parts; i++) {
      const { of, bytes } = await this.#part(job, i, signal);
      const step = { step: 'find' as const, i, divisor, root: numbersOf(root), ...of };
      const found = await this.#pool.step({ ...copyOf(job.request), ...step }, bytes, signal);
      if (first === undefined || found.position < first.position) first = found;
    }
    const { type, refused } = (first as StepResults['find']).refusal;
    return new Refusal(type, refused);
  }

  /** What a step needs of a part, and the bytes that it takes; for the divisor, without inputs and targets. */
  async #part(job: Job, i: number, signal?: AbortSignal, isForDivisor = false): Promise<{ of: Part; bytes: number }> {
    signal?.throwIfAborted();
    const { plan } = job;
    const { content, samples, samplesPerPart } = plan;
    const range = { first: i * samplesPerPart, end: Math.min(samples, (i + 1) * samplesPerPart) };
    const of = { samples, samplesPerPart, range, rows: undefined };
    if (!content) return { of, bytes: 0 };
    const wanted = isForDivisor ? withoutMatrices(content) : content;
    const rows = await this.#rows(job, wanted, range);
    const whole = isForDivisor ? withMatrices(rows, content.columns, range) : rows;
    return { of: { ...of, rows: whole }, bytes: (range.end - range.first) * bytesPerRow(wanted) };
  }

  /** The rows of a dataset that are samples of the batch, in their order. */
  async #rows({ request, plan: { firstRow } }: Job, content: Content, range: Range): Promise<Rows> {
    if (firstRow !== undefined) return this.#source.read(content, firstRow + range.first, firstRow + range.end);
    const indices = await this.#pool.step({ ...copyOf(request), step: 'indices', range }, 0);
    const parts: Rows[] = [];
    for (let i = 0; i < indices.length; ) {
      const first = i++;
      while (i < indices.length && indices[i] === indices[i - 1] + 1) i++;
      parts.push(await this.#source.read(content, indices[first], indices[i - 1] + 1));
    }
    return joined(parts, indices.length);
  }
}

interface Part {
  readonly samples: number;
  readonly samplesPerPart: number;
  readonly range: Range;
  readonly rows: Rows | undefined;
}

function planFrom(
  { samples, flops, parts, samplesPerPart, nodeBytes, divisor, firstRow }: PlannedStep,
  content?: Content,
): JobPlan {
  return {
    ...(content && { content }),
    samples,
    flops,
    parts,
    samplesPerPart,
    nodeBytes,
    ...(divisor && { divisor }),
    ...(firstRow !== undefined && { firstRow }),
  };
}

type PlannedStep = Exclude<StepResults['plan'], { readonly dataset: string }>;

/** The request with a copy of its body: a thread takes the one that it gets. */
function copyOf({ operation, mediaType, bytes }: JobRequest): JobRequest {
  return { operation, mediaType, bytes: Uint8Array.from(bytes) };
}

function shapesOf({ inputs, targets, classes, sample_weights }: Columns): Shapes {
  return {
    inputs: inputs.shape,
    ...(targets && { targets: targets.shape }),
    hasClasses: classes !== undefined,
    hasWeights: sample_weights !== undefined,
  };
}

/** What a step needs of the whole batch. */
function wholeOf({ content, samplesPerPart }: JobPlan): { shapes: Shapes | undefined; samplesPerPart: number } {
  return { shapes: content && shapesOf(content.columns), samplesPerPart };
}

/** Only what the divisor depends on: matrices have no columns. */
function withoutMatrices(content: Content): Content {
  const empty = (column: Column) => ({ ...column, shape: [column.shape[0], 0] });
  const { inputs, targets, ...rest } = content.columns;
  return { ...content, columns: { ...rest, inputs: empty(inputs), ...(targets && { targets: empty(targets) }) } };
}

/** The rows with the shapes of their matrices, whose numbers do not count. */
function withMatrices(rows: Rows, { inputs, targets }: Columns, { first, end }: Range): Rows {
  const matrix = ({ shape }: Column) => ({ shape: [end - first, shape[1]], data: new Float64Array(0) });
  return { ...rows, inputs: matrix(inputs), ...(targets && { targets: matrix(targets) }) };
}

/** Rows one after the other. */
function joined(parts: readonly Rows[], samples: number): Rows {
  const vector = (name: 'classes' | 'sample_weights') => together(parts.map((part) => part[name] as Float64Array));
  const matrix = (name: 'inputs' | 'targets') => {
    const all = parts.map((part) => part[name] as Rows['inputs']);
    return { shape: [samples, all[0].shape[1]], data: together(all.map(({ data }) => data)) };
  };
  const [first] = parts;
  return {
    inputs: matrix('inputs'),
    ...(first.targets && { targets: matrix('targets') }),
    ...(first.classes && { classes: vector('classes') }),
    ...(first.sample_weights && { sample_weights: vector('sample_weights') }),
  };
}

function together(arrays: readonly Float64Array[]): Float64Array {
  const length = arrays.reduce((sum, array) => sum + array.length, 0);
  const all = new Float64Array(new SharedArrayBuffer(length * Float64Array.BYTES_PER_ELEMENT));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}

function bytesOf({ buffer, byteOffset, byteLength }: Float64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** The numbers of a result; copied, since bytes that were read need not be aligned. */
function numbersOf(bytes: Uint8Array): Float64Array {
  return new Float64Array(Uint8Array.from(bytes).buffer);
}
