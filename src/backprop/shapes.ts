// Checks the shapes of a request: of consecutive layers, and of the batch and the network.

import { areInColumns, targetsOf } from '../../schemas/batch.ts';
import type { DecodedRequest } from '../../schemas/gradients.ts';
import { isTensor, type Tensor } from '../../schemas/numbers.ts';
import { Findings } from '../refusal.ts';
import type { BoundLoss } from './losses.ts';
import { misoriented } from './orientation.ts';
import { flatTargets, indicesInLine, notIndices } from './target-forms.ts';

type Network = DecodedRequest['network'];
type Batch = DecodedRequest['batch'];
/** Rows of numbers, which may be ragged if they are lists. */
type Rows = number[][] | Tensor;

/** The sizes of a request whose shapes are consistent. */
export interface Sizes {
  readonly samples: number;
  /** The number of inputs of the first layer. */
  readonly features: number;
  /** The number of outputs of each layer. */
  readonly units: readonly number[];
}

/** A required length, and the reason for it, for error texts. */
interface Count {
  readonly n: number;
  readonly why: string;
}

/**
 * Returns the sizes of a request.
 * @throws Refusal `shape-mismatch`, with every mismatch.
 */
export function checkShapes({ network, batch }: DecodedRequest, bound: BoundLoss): Sizes {
  const findings = new Findings();
  const sizes = {
    samples: areInColumns(batch) ? rowLength(batch.inputs) : rowCount(batch.inputs),
    features: commonLength(network.layers[0].weights),
    units: network.layers.map((layer) => rowCount(layer.weights)),
  };
  checkLayers(network, sizes, findings);
  checkBatch(batch, sizes, bound, findings);
  for (const [pointer, weights] of bound.weights) checkLength(pointer, weights.length, WEIGHTS, outputsOf(sizes), findings);
  if (findings.length > 0) (misoriented({ network, batch }, bound) ?? findings).refuse('shape-mismatch');
  return sizes;
}

function outputsOf({ units }: Sizes): Count {
  return { n: units[units.length - 1], why: 'one per output of the last layer' };
}

function checkLayers({ layers }: Network, { features, units }: Sizes, findings: Findings): void {
  layers.forEach(({ weights, biases }, k) => {
    const inputs =
      k === 0
        ? { n: features, why: `as many as ${rowLength(weights) === features ? 'row 0 has' : 'most rows have'}` }
        : { n: units[k - 1], why: `one per output of layer ${k - 1}` };
    checkRows(`/network/layers/${k}/weights`, weights, WEIGHTS, inputs, findings);
    const rows = { n: units[k], why: 'one per row of weights' };
    if (biases) checkLength(`/network/layers/${k}/biases`, biases.length, BIASES, rows, findings);
  });
}

function checkBatch(batch: Batch, sizes: Sizes, { name, loss }: BoundLoss, findings: Findings): void {
  const samples = { n: sizes.samples, why: 'one per sample' };
  const features = { n: sizes.features, why: 'one per input of layer 0' };
  const outputs = outputsOf(sizes);
  const columns = areInColumns(batch);
  const checkMatrix = (pointer: string, matrix: Rows, units: Count) => {
    const [rows, perRow] = columns ? [units, samples] : [samples, units];
    checkLength(pointer, rowCount(matrix), ROWS, rows, findings);
    checkRows(pointer, matrix, VALUES, perRow, findings);
  };

  checkMatrix('/batch/inputs', batch.inputs, features);
  const { targets, pointer } = targetsOf(batch);
  if (!isMatrix(targets)) {
    if (loss.classes) checkLength(pointer, targets.length, CLASS_INDICES, samples, findings);
    else findings.add(pointer, flatTargets(targets, name, sizes, columns));
  } else if (!loss.values) findings.add(pointer, notIndices(targets, name, sizes, columns));
  else {
    const wrong = loss.classes && indicesInLine(targets, sizes, columns);
    if (wrong) findings.add(pointer, wrong);
    else checkMatrix(pointer, targets, outputs);
  }
  if (batch.sample_weights) checkLength('/batch/sample_weights', batch.sample_weights.length, WEIGHTS, samples, findings);
}

/** Singular and plural of a list's items, for error texts. */
type Noun = readonly [one: string, several: string];

const WEIGHTS: Noun = ['weight', 'weights'];
const BIASES: Noun = ['bias', 'biases'];
const ROWS: Noun = ['row', 'rows'];
const VALUES: Noun = ['value', 'values'];
const CLASS_INDICES: Noun = ['class index', 'class indices'];

function checkLength(pointer: string, length: number, noun: Noun, { n, why }: Count, findings: Findings): void {
  if (length !== n) findings.add(pointer, `expected ${n} ${noun[n === 1 ? 0 : 1]}, ${why}, got ${length}`);
}

function checkRows(pointer: string, matrix: Rows, noun: Noun, count: Count, findings: Findings): void {
  const rows = rowCount(matrix);
  if (isTensor(matrix)) {
    const length = rowLength(matrix);
    if (length === count.n) return;
    if (rows > 1) {
      findings.add(pointer, `expected rows of ${count.n} ${noun[count.n === 1 ? 0 : 1]}, ${count.why}, got rows of ${length}`);
      return;
    }
  }
  for (let i = 0; i < rows && !findings.full; i++) {
    const length = isTensor(matrix) ? rowLength(matrix) : matrix[i].length;
    if (length !== count.n) checkLength(`${pointer}/${i}`, length, noun, count, findings);
  }
}

function rowCount(matrix: Rows): number {
  return isTensor(matrix) ? matrix.shape[0] : matrix.length;
}

/** The length of the first row. */
function rowLength(matrix: Rows): number {
  return isTensor(matrix) ? matrix.shape[1] : matrix[0].length;
}

/** The length of more than half of the rows, otherwise that of the first row. */
function commonLength(matrix: Rows): number {
  const first = rowLength(matrix);
  if (isTensor(matrix)) return first;
  // The majority vote of Boyer and Moore.
  let candidate = first;
  let votes = 0;
  for (const { length } of matrix) {
    if (votes === 0) candidate = length;
    votes += length === candidate ? 1 : -1;
  }
  const isMost = 2 * matrix.filter(({ length }) => length === candidate).length > matrix.length;
  return isMost ? candidate : first;
}

function isMatrix(targets: Float64Array | Rows): targets is Rows {
  return isTensor(targets) || Array.isArray(targets[0]);
}
