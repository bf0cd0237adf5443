// Checks the shapes of a request: of consecutive layers, and of the batch and the network.

import { targetsOf } from '../../schemas/batch.ts';
import type { DecodedRequest } from '../../schemas/gradients.ts';
import { isTensor, type Tensor } from '../../schemas/numbers.ts';
import { Findings } from '../refusal.ts';
import type { BoundLoss } from './losses.ts';

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
export function checkShapes(network: Network, batch: Batch, bound: BoundLoss): Sizes {
  const findings = new Findings();
  const sizes = {
    samples: batch.samples === 'columns' ? rowLength(batch.inputs) : rowCount(batch.inputs),
    features: rowLength(network.layers[0].weights),
    units: network.layers.map((layer) => rowCount(layer.weights)),
  };
  checkLayers(network, sizes, findings);
  checkBatch(batch, sizes, bound, findings);
  for (const [pointer, weights] of bound.weights) checkLength(pointer, weights.length, WEIGHTS, outputsOf(sizes), findings);
  findings.refuse('shape-mismatch');
  return sizes;
}

function outputsOf({ units }: Sizes): Count {
  return { n: units[units.length - 1], why: 'one per output of the last layer' };
}

function checkLayers({ layers }: Network, { features, units }: Sizes, findings: Findings): void {
  layers.forEach(({ weights, biases }, k) => {
    const inputs =
      k === 0 ? { n: features, why: 'as many as row 0 has' } : { n: units[k - 1], why: `one per output of layer ${k - 1}` };
    checkRows(`/network/layers/${k}/weights`, weights, WEIGHTS, inputs, findings);
    const rows = { n: units[k], why: 'one per row of weights' };
    if (biases) checkLength(`/network/layers/${k}/biases`, biases.length, BIASES, rows, findings);
  });
}

function checkBatch(batch: Batch, sizes: Sizes, { name, loss }: BoundLoss, findings: Findings): void {
  const samples = { n: sizes.samples, why: 'one per sample' };
  const features = { n: sizes.features, why: 'one per input of layer 0' };
  const outputs = outputsOf(sizes);
  const columns = batch.samples === 'columns';
  const checkMatrix = (pointer: string, matrix: Rows, units: Count) => {
    const [rows, perRow] = columns ? [units, samples] : [samples, units];
    checkLength(pointer, rowCount(matrix), ROWS, rows, findings);
    checkRows(pointer, matrix, VALUES, perRow, findings);
  };

  checkMatrix('/batch/inputs', batch.inputs, features);
  const { targets, pointer } = targetsOf(batch);
  if (!isMatrix(targets)) {
    if (loss.classes) checkLength(pointer, targets.length, CLASS_INDICES, samples, findings);
    else
      findings.add(pointer, `expected a matrix of targets for ${name}, got ${batch.classes ? 'class indices' : 'a flat list'}`);
  } else if (loss.values) checkMatrix(pointer, targets, outputs);
  else findings.add(pointer, `expected a list of class indices for ${name}, got a matrix`);
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
  if (isTensor(matrix) && rowLength(matrix) === count.n) return;
  for (let i = 0; i < rowCount(matrix) && !findings.full; i++) {
    checkLength(`${pointer}/${i}`, isTensor(matrix) ? rowLength(matrix) : matrix[i].length, noun, count, findings);
  }
}

function rowCount(matrix: Rows): number {
  return isTensor(matrix) ? matrix.shape[0] : matrix.length;
}

/** The length of the first row. */
function rowLength(matrix: Rows): number {
  return isTensor(matrix) ? matrix.shape[1] : matrix[0].length;
}

function isMatrix(targets: Float64Array | Rows): targets is Rows {
  return isTensor(targets) || Array.isArray(targets[0]);
}
