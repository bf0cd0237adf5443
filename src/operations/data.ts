// Takes the arrays of a batch from its dataset: which rows a request selects, and the batch with them as if it were inline.
import type { ArrayBatch, Batch } from '../../schemas/batch.ts';
import { type MaybeRagged, tensor } from '../../schemas/numbers.ts';
import type { Scratch } from '../memory/scratch.ts';
import { Findings, Refusal } from '../refusal.ts';
import type { Rows } from '../store/dataset.ts';
import type { Conflicts } from '../wire/request-schema.ts';

/** Rows of a dataset that are there, for requests that name it. */
export interface Data {
  readonly name: string;
  /** The number of rows in the dataset. */
  readonly samples: number;
  /** The row of the dataset that is the first one of `rows`. */
  readonly first: number;
  readonly rows: Rows;
}

/** What a request needs before it can be planned: rows of a dataset. */
export interface Wanted {
  readonly dataset: string;
  /** The rows from `first` to `end`; without an end, to the last one. */
  readonly first: number;
  readonly end: number | undefined;
}

interface WithBatch {
  readonly batch: Readonly<MaybeRagged<Batch>>;
}

/** The rows that a request needs of a dataset; undefined if its batch is inline. The document fits the schema of its operation. */
export function wantedBy(document: unknown): Wanted | undefined {
  // An operation may have no batch.
  const { dataset, rows, indices } = (document as Partial<WithBatch>).batch ?? {};
  if (dataset === undefined) return undefined;
  if (rows) return { dataset, first: rows[0], end: rows[1] };
  if (!indices) return { dataset, first: 0, end: undefined };
  let [first, last] = [Infinity, -Infinity];
  for (let i = 0; i < indices.length; i++) {
    first = Math.min(first, indices[i]);
    last = Math.max(last, indices[i]);
  }
  return { dataset, first, end: last + 1 };
}

/**
 * Checks that a selection is within a dataset of so many rows.
 * @throws Refusal `out-of-domain`.
 */
export function checkSelection(document: unknown, samples: number): void {
  const { rows, indices } = (document as WithBatch).batch;
  const findings = new Findings();
  if (rows && !(rows[0] >= 0 && rows[0] < rows[1] && rows[1] <= samples))
    findings.add(
      '/batch/rows',
      `expected the first row and the one after the last, within 0 and ${samples}, the number of rows, got [${rows[0]}, ${rows[1]}]`,
    );
  if (indices)
    for (let i = 0; i < indices.length && !findings.full; i++)
      if (!(indices[i] >= 0 && indices[i] < samples))
        findings.add(`/batch/indices/${i}`, `expected a row from 0 to ${samples - 1}, got ${indices[i]}`);
  findings.refuse('out-of-domain');
}

/** How many samples a request selects from a dataset of so many rows. */
export function selectedSamples(document: unknown, samples: number): number {
  const { rows, indices } = (document as WithBatch).batch;
  return indices?.length ?? (rows ? rows[1] - rows[0] : samples);
}

/** The row of the dataset that is sample i of the batch. */
function rowOf(document: unknown, i: number): number {
  const { rows, indices } = (document as WithBatch).batch;
  return indices ? indices[i] : (rows?.[0] ?? 0) + i;
}

/** Whether the rows that are there include those that a request wants. */
export function suffices(data: Data, wanted: Wanted): boolean {
  const end = data.first + data.rows.inputs.shape[0];
  return wanted.first >= data.first && (wanted.end ?? data.samples) <= end;
}

type Arrays = Pick<MaybeRagged<ArrayBatch>, 'inputs' | 'targets' | 'classes' | 'sample_weights'>;
type WithArrays = { readonly batch: MaybeRagged<ArrayBatch> };

/**
 * The document with the arrays of the rows that it selects. Ranges are views of the dataset's arrays; of indices, rows are copied.
 * @throws Refusal `invalid-request`, if the dataset does not fit the operation.
 */
export function withData(document: unknown, data: Data, conflicts: Conflicts, scratch: Scratch): WithArrays {
  const count = selectedSamples(document, data.samples);
  const { indices } = (document as WithBatch).batch;
  const select = (values: Float64Array, width: number): Float64Array => {
    if (!indices) {
      const begin = (rowOf(document, 0) - data.first) * width;
      return values.subarray(begin, begin + count * width);
    }
    const copy = scratch.takeLargeForRequest(count * width);
    for (let i = 0; i < count; i++) {
      const at = (indices[i] - data.first) * width;
      copy.set(values.subarray(at, at + width), i * width);
    }
    return copy;
  };
  return checked(withSamples(document, arraysOf(data.rows, count, select)), conflicts);
}

/** The shapes of a dataset's arrays. */
export interface Shapes {
  readonly inputs: readonly number[];
  readonly targets?: readonly number[];
  readonly hasClasses: boolean;
  readonly hasWeights: boolean;
}

/**
 * The same with arrays of the right shapes, whose numbers do not count.
 * @throws Refusal `out-of-domain` also, if the selection is outside the dataset.
 */
export function withShapes(
  document: unknown,
  { inputs, targets, hasClasses, hasWeights }: Shapes,
  conflicts: Conflicts,
): WithArrays {
  checkSelection(document, inputs[0]);
  const count = selectedSamples(document, inputs[0]);
  const matrix = (shape: readonly number[]) => tensor([count, shape[1]], new Float64Array(0));
  const arrays = {
    inputs: matrix(inputs),
    ...(targets && { targets: matrix(targets) }),
    // The system commits no memory for numbers that are not written.
    ...(hasClasses && { classes: new Float64Array(count) }),
    ...(hasWeights && { sample_weights: new Float64Array(count) }),
  };
  return checked(withSamples(document, arrays), conflicts);
}

/** The document with some of its samples, whose rows are given in their order. */
export function ofPart(document: unknown, { first, end }: { first: number; end: number }, rows: Rows): WithArrays {
  const { batch } = withSamples(
    document,
    arraysOf(rows, end - first, (values) => values),
  );
  const weights = (document as WithBatch).batch.sample_weights?.subarray(first, end);
  return { ...(document as object), batch: { ...batch, ...(weights && { sample_weights: weights }) } };
}

/** The indices of some samples in the dataset. */
export function indicesOf(document: unknown, { first, end }: { first: number; end: number }): Float64Array {
  return Float64Array.from((document as WithBatch).batch.indices as ArrayLike<number>).slice(first, end);
}

/** The row of the dataset that is the first sample; undefined if rows are selected by indices. */
export function firstRowOf(document: unknown): number | undefined {
  const { rows, indices } = (document as WithBatch).batch;
  return indices ? undefined : (rows?.[0] ?? 0);
}

function arraysOf(
  { inputs, targets, classes, sample_weights }: Rows,
  count: number,
  select: (values: Float64Array, width: number) => Float64Array,
): Arrays {
  const matrix = ({ shape, data }: Rows['inputs']) => tensor([count, shape[1]], select(data, shape[1]));
  return {
    inputs: matrix(inputs),
    ...(targets && { targets: matrix(targets) }),
    ...(classes && { classes: select(classes, 1) }),
    ...(sample_weights && { sample_weights: select(sample_weights, 1) }),
  };
}

/** The document with arrays in the place of its selection. Weights in the request take the place of the dataset's. */
function withSamples(document: unknown, arrays: Arrays): WithArrays {
  const { rows, indices, sample_weights, ...batch } = (document as WithBatch).batch;
  return { ...(document as object), batch: { ...batch, ...arrays, ...(sample_weights && { sample_weights }) } };
}

/** Checks the rules of the operation for the arrays as if they were inline. */
function checked(resolved: WithArrays, conflicts: Conflicts): WithArrays {
  const { dataset, ...batch } = resolved.batch;
  const findings = new Findings();
  for (const { pointer, detail } of conflicts({ ...resolved, batch }, () => false)) findings.add(pointer, detail);
  findings.refuse('invalid-request');
  return resolved;
}

/** Pointers into arrays that a request takes from its dataset. */
const IN_ARRAYS = /^\/batch\/(inputs|targets|classes|sample_weights)(?:\/(\d+))?(?:\/(\d+))?$/;

/**
 * Calls `work`, and turns its refusals into those of a request with a dataset, if it has one: they point at the dataset, and name its row.
 * The arrays that `work` reads begin at sample `first`.
 */
export function pointingAtDataset<Result>(document: unknown, work: () => Result, first = 0): Result {
  try {
    return work();
  } catch (error) {
    const hasDataset = (document as WithBatch).batch.dataset !== undefined;
    throw error instanceof Refusal && hasDataset ? atDataset(error, document, first) : error;
  }
}

function atDataset(refusal: Refusal, document: unknown, first: number): Refusal {
  const { batch } = document as WithBatch;
  const errors = refusal.refused.errors?.map(({ pointer, detail }) => {
    const [, array, sample, column] = IN_ARRAYS.exec(pointer) ?? [];
    if (array === undefined || (array === 'sample_weights' && batch.sample_weights)) return { pointer, detail };
    const row = sample === undefined ? '' : `, row ${rowOf(document, first + Number(sample))}`;
    return { pointer: '/batch/dataset', detail: `${array}${row}${column === undefined ? '' : `, column ${column}`}: ${detail}` };
  });
  return new Refusal(refusal.type, { ...refusal.refused, ...(errors && { errors }) }, refusal.retryAfter);
}
