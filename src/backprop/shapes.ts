// Whether the shapes of a request fit together: layer to layer, and the batch to the network.
import type { Batch } from '../../schemas/batch.ts';
import type { Network } from '../../schemas/network.ts';
import { Findings } from '../refusal.ts';
import { isMatrix } from './batch.ts';
import type { BoundLoss } from './losses.ts';

/** The sizes of a request whose shapes fit together. */
export interface Sizes {
  readonly samples: number;
  /** How many inputs the first layer has. */
  readonly features: number;
  /** How many outputs each layer has. */
  readonly units: readonly number[];
}

/** A number that something must have, and where it comes from. */
interface Count {
  readonly n: number;
  readonly why: string;
}

/**
 * Returns the sizes of a request.
 * @throws Refusal `shape-mismatch`, with everything that does not fit.
 */
export function checkShapes(network: Network, batch: Batch, bound: BoundLoss): Sizes {
  const findings = new Findings();
  const sizes = {
    samples: batch.samples === 'columns' ? batch.inputs[0].length : batch.inputs.length,
    features: network.layers[0].weights[0].length,
    units: network.layers.map((layer) => layer.weights.length),
  };
  checkLayers(network, sizes, findings);
  checkBatch(batch, sizes, bound, findings);
  for (const [pointer, weights] of bound.weights) checkLength(pointer, weights, WEIGHTS, outputsOf(sizes), findings);
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
    weights.forEach((row, i) => {
      checkLength(`/network/layers/${k}/weights/${i}`, row, WEIGHTS, inputs, findings);
    });
    const rows = { n: units[k], why: 'one per row of weights' };
    if (biases) checkLength(`/network/layers/${k}/biases`, biases, BIASES, rows, findings);
  });
}

function checkBatch(batch: Batch, sizes: Sizes, { name, loss }: BoundLoss, findings: Findings): void {
  const samples = { n: sizes.samples, why: 'one per sample' };
  const features = { n: sizes.features, why: 'one per input of layer 0' };
  const outputs = outputsOf(sizes);
  const columns = batch.samples === 'columns';
  const checkMatrix = (pointer: string, matrix: number[][], units: Count) => {
    const [rows, perRow] = columns ? [units, samples] : [samples, units];
    checkLength(pointer, matrix, ROWS, rows, findings);
    matrix.forEach((row, i) => {
      checkLength(`${pointer}/${i}`, row, VALUES, perRow, findings);
    });
  };

  checkMatrix('/batch/inputs', batch.inputs, features);
  if (!isMatrix(batch.targets)) {
    if (loss.classes) checkLength('/batch/targets', batch.targets, CLASS_INDICES, samples, findings);
    else findings.add('/batch/targets', `expected a matrix of targets for ${name}, got a flat list`);
  } else if (loss.values) checkMatrix('/batch/targets', batch.targets, outputs);
  else findings.add('/batch/targets', `expected a list of class indices for ${name}, got a matrix`);
  if (batch.sample_weights) checkLength('/batch/sample_weights', batch.sample_weights, WEIGHTS, samples, findings);
}

/** What a list is made of: one of it, several of it. */
type Noun = readonly [one: string, several: string];

const WEIGHTS: Noun = ['weight', 'weights'];
const BIASES: Noun = ['bias', 'biases'];
const ROWS: Noun = ['row', 'rows'];
const VALUES: Noun = ['value', 'values'];
const CLASS_INDICES: Noun = ['class index', 'class indices'];

function checkLength(pointer: string, list: unknown[], noun: Noun, { n, why }: Count, findings: Findings): void {
  if (list.length !== n) findings.add(pointer, `expected ${n} ${noun[n === 1 ? 0 : 1]}, ${why}, got ${list.length}`);
}
