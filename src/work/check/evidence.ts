// The arrays of a candidate, compared with the right ones, in the order in which backpropagation computes them.
import type { ArrayCheck, DecodedCheck } from '../../../schemas/check.ts';
import { isTensor, type Tensor } from '../../../schemas/numbers.ts';
import type { TracedArray } from '../../../schemas/traced-arrays.ts';
import type { Computed } from '../../backprop/finite.ts';
import type { Layer } from '../../backprop/network.ts';
import { Dense } from '../../linalg/dense.ts';
import { Findings } from '../../refusal.ts';
import { factorBetween, relativeError } from './compare.ts';

export type ArrayName = TracedArray | 'weights' | 'biases';

/** An array of the candidate. */
export interface Item {
  readonly pointer: string;
  /** The numbers, samples in rows; undefined if they are ragged, or have a wrong shape and no meaning. */
  readonly numbers: Float64Array | undefined;
  /** As given. */
  readonly shape: readonly number[];
  readonly isShaped: boolean;
  /** Whether it is the right one. */
  readonly agrees: boolean;
  readonly right: Float64Array;
  readonly check: ArrayCheck;
  /** Whether it is a matrix of samples that was given transposed. */
  readonly isTurned: boolean;
}

/** What a client may have given in place of an array. */
type GivenArray = number | Float64Array | Tensor | number[][];

/** The right values: of the passes, and the totals with the penalty. */
export interface Right extends Computed {
  readonly loss: number;
  readonly slopes: readonly (Dense | undefined)[];
  readonly weights: readonly Float64Array[];
  readonly biases: readonly (Float64Array | undefined)[];
}

const FORWARD = ['inputs', 'pre_activations', 'outputs'] as const;
const BEFORE = ['output_gradients', 'slopes', 'pre_activation_gradients'] as const;

/** The arrays of a candidate. */
export class Evidence {
  readonly items: readonly Item[];
  /** By the names of arrays, then by layer. */
  readonly #ofLayers: { [Name in ArrayName]?: Item[] } = {};
  readonly outputs: Item | undefined;
  readonly loss: Item | undefined;

  /** @throws Refusal `shape-mismatch`, if the candidate has arrays that the network has not. */
  constructor(
    candidate: DecodedCheck['candidate'],
    layers: readonly Layer[],
    right: Right,
    inColumns: boolean,
    tolerance: number,
  ) {
    checkPlaces(candidate, layers);
    const items: Item[] = [];
    const {
      gradients = [],
      trace = [],
      loss,
      outputs,
    } = candidate as {
      gradients?: { weights?: GivenArray; biases?: GivenArray }[];
      trace?: { [Name in TracedArray]?: GivenArray }[];
      loss?: number;
      outputs?: GivenArray;
    };
    const last = layers.length - 1;
    const add = (
      pointer: string,
      given: GivenArray | undefined,
      numbers: Float64Array | Dense | undefined,
      isOfWeights = false,
    ) => {
      if (given === undefined || numbers === undefined) return undefined;
      const item = itemOf(pointer, given, numbers, inColumns && numbers instanceof Dense, tolerance, isOfWeights);
      items.push(item);
      return item;
    };
    const addOfLayer = (k: number, name: ArrayName, item: Item | undefined) => {
      if (!item) return;
      this.#ofLayers[name] ??= [];
      this.#ofLayers[name][k] = item;
    };
    const traced = (k: number, name: TracedArray, numbers: Dense | undefined) =>
      addOfLayer(k, name, add(`/candidate/trace/${k}/${name}`, trace[k]?.[name], numbers));
    const [X, Z, A] = FORWARD;
    right.steps.forEach((step, k) => {
      traced(k, X, step.X);
      traced(k, Z, step.Z);
      traced(k, A, step.A);
    });
    this.outputs = add('/candidate/outputs', outputs, right.steps[last].A);
    this.loss = add('/candidate/loss', loss, Float64Array.of(right.loss));
    for (let k = last; k >= 0; k--) {
      const { dA, dZ, dX } = right.gradients[k];
      const values = [dA, right.slopes[k], dZ];
      BEFORE.forEach((name, i) => {
        traced(k, name, values[i]);
      });
      const { W } = layers[k];
      const weights = new Dense(W.rows, W.columns, right.weights[k]);
      addOfLayer(k, 'weights', add(`/candidate/gradients/${k}/weights`, gradients[k]?.weights, weights, true));
      addOfLayer(k, 'biases', add(`/candidate/gradients/${k}/biases`, gradients[k]?.biases, right.biases[k]));
      traced(k, 'input_gradients', dX);
    }
    this.items = items;
  }

  /** An array of layer k, if the candidate has it. */
  at(k: number, name: ArrayName): Item | undefined {
    return this.#ofLayers[name]?.[k];
  }

  /** Whether the candidate has a trace. */
  get hasTrace(): boolean {
    return this.items.some(({ pointer }) => pointer.startsWith('/candidate/trace'));
  }

  /** The arrays that disagree. */
  get wrong(): readonly Item[] {
    return this.items.filter(({ agrees }) => !agrees);
  }
}

/** @throws Refusal `shape-mismatch`. */
function checkPlaces({ gradients, trace }: DecodedCheck['candidate'], layers: readonly Layer[]): void {
  const findings = new Findings();
  const n = layers.length;
  for (const [key, list] of Object.entries({ gradients, trace }))
    if (list && list.length > n)
      findings.add(`/candidate/${key}`, `expected at most ${n} items, one per layer of the network, got ${list.length}`);
  layers.forEach(({ b, f }, k) => {
    if (gradients?.[k]?.biases !== undefined && !b)
      findings.add(`/candidate/gradients/${k}/biases`, `expected no biases, since layer ${k} has none: leave the key out`);
    if (trace?.[k]?.slopes !== undefined && f?.mixing)
      findings.add(
        `/candidate/trace/${k}/slopes`,
        `expected no slopes, since the activation of layer ${k} mixes the units of a sample: leave the key out`,
      );
  });
  findings.refuse('shape-mismatch');
}

/** The shape of an array as given, the lengths of its rows if it is ragged, and its numbers if it is not. */
function readArray(given: GivenArray): { shape: readonly number[]; rowLengths?: number[]; numbers?: Float64Array } {
  if (typeof given === 'number') return { shape: [], numbers: Float64Array.of(given) };
  if (given instanceof Float64Array) return { shape: [given.length], numbers: given };
  if (isTensor(given)) return { shape: given.shape, numbers: given.data };
  return { shape: [given.length], rowLengths: given.map(({ length }) => length) };
}

function transposed(numbers: Float64Array, [rows, columns]: readonly number[]): Float64Array {
  return new Dense(rows, columns, numbers).transposed().data;
}

/** Compares an array with the right one, whose samples are rows, unless it `isOfWeights`. */
function itemOf(
  pointer: string,
  given: GivenArray,
  expected: Float64Array | Dense,
  inColumns: boolean,
  tolerance: number,
  isOfWeights: boolean,
): Item {
  const { shape, rowLengths, numbers } = readArray(given);
  const isMatrix = expected instanceof Dense;
  const right = isMatrix ? expected.data : expected;
  const isInColumns = inColumns && !isOfWeights;
  const expectedShape =
    pointer === '/candidate/loss'
      ? []
      : !isMatrix
        ? [right.length]
        : isInColumns
          ? [expected.columns, expected.rows]
          : [expected.rows, expected.columns];
  const isShaped = !rowLengths && shape.length === expectedShape.length && shape.every((n, i) => n === expectedShape[i]);
  if (!isShaped || !numbers) {
    const check = {
      pointer,
      agrees: false,
      shape: [...shape],
      ...(rowLengths && { row_lengths: rowLengths.slice(0, MOST_ROWS) }),
      expected_shape: expectedShape,
    };
    const isTurned =
      isMatrix &&
      !isOfWeights &&
      numbers !== undefined &&
      shape.length === 2 &&
      shape[0] === expectedShape[1] &&
      shape[1] === expectedShape[0];
    // Of a transposed matrix of samples, the numbers are known all the same.
    const turned = isTurned && !isInColumns ? transposed(numbers, shape) : numbers;
    return { pointer, numbers: turned, shape, isShaped: isTurned, agrees: false, right, check, isTurned };
  }
  const rows = isInColumns ? transposed(numbers, shape) : numbers;
  const error = relativeError(rows, right);
  const agrees = error <= tolerance;
  const check: ArrayCheck = { pointer, agrees, relative_error: error < Infinity ? error : null };
  if (!agrees) {
    check.ratio = factorBetween(rows, right, tolerance)?.factor ?? null;
    const at = worstOf(rows, right);
    const columns = isMatrix ? expected.columns : 1;
    const [i, j] = [Math.floor(at / columns), at % columns];
    const index = expectedShape.length === 0 ? [] : !isMatrix ? [at] : isInColumns ? [j, i] : [i, j];
    check.worst = { index, candidate: rows[at], right: right[at] };
  }
  return { pointer, numbers: rows, shape, isShaped, agrees, right, check, isTurned: false };
}

/** The most rows of a ragged matrix whose lengths an answer has. */
const MOST_ROWS = 20;

function worstOf(numbers: Float64Array, right: Float64Array): number {
  let worst = 0;
  for (let i = 1; i < right.length; i++) if (Math.abs(numbers[i] - right[i]) > Math.abs(numbers[worst] - right[worst])) worst = i;
  return worst;
}
