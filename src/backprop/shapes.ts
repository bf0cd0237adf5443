// Checks the shapes of a request: of consecutive layers, and of the batch and the network.

import { type ArrayBatch, type ArrayInputs, areInColumns, targetsOf } from '../../schemas/batch.ts';
import type { Network as GivenNetwork } from '../../schemas/network.ts';
import { isTensor, type MaybeRagged, type Tensor } from '../../schemas/numbers.ts';
import type { Parameters } from '../../schemas/parameters.ts';
import { Findings } from '../refusal.ts';
import type { BoundLoss } from './losses.ts';
import { misoriented } from './orientation.ts';
import { flatTargets, indicesInLine, notIndices } from './target-forms.ts';

type Network = MaybeRagged<GivenNetwork>;
type Batch = MaybeRagged<ArrayBatch>;
type Inputs = MaybeRagged<ArrayInputs>;
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

/** Checks further shapes of a request. */
export type Also = (sizes: Sizes, findings: Findings) => void;

const nothing: Also = () => {};

/**
 * Returns the sizes of a request.
 * @throws Refusal `shape-mismatch`, with every mismatch.
 */
export function checkShapes(
  { network, batch }: { readonly network: Network; readonly batch: Batch },
  bound: BoundLoss,
  also = nothing,
): Sizes {
  const { sizes, findings } = checkedInputs(network, batch);
  checkTargets(batch, sizes, bound, findings);
  for (const [pointer, weights] of bound.weights) checkLength(pointer, weights.length, WEIGHTS, outputsOf(sizes), findings);
  if (findings.length > 0) {
    const { targets: values, pointer } = targetsOf(batch);
    const takes = isMatrix(values) ? bound.loss.values : bound.loss.classes;
    const perSample = batch.sample_weights ? [batch.sample_weights.length] : [];
    const perOutput = bound.weights.map(([, weights]) => weights.length);
    const against = { values, pointer, name: 'targets', perSample, perOutput };
    if (takes) misoriented(network, batch, against)?.refuse('shape-mismatch');
  }
  also(sizes, findings);
  findings.refuse('shape-mismatch');
  return sizes;
}

/** The same for a request without a loss, whose `cotangents` have the shape of the outputs. */
export function checkInputShapes(
  { network, batch, cotangents }: { readonly network: Network; readonly batch: Inputs; readonly cotangents?: Rows },
  also = nothing,
): Sizes {
  const { sizes, findings } = checkedInputs(network, batch);
  const [name, pointer] = ['cotangents', '/cotangents'];
  if (cotangents) checkSamples(pointer, cotangents, outputsOf(sizes), sizes, batch.samples === 'columns', findings);
  // With a dataset, `samples` orients the cotangents, but not the inputs.
  const values = batch.dataset === undefined ? cotangents : undefined;
  const against = { values, name, pointer, perSample: [], perOutput: [] };
  if (findings.length > 0) misoriented(network, batch, against)?.refuse('shape-mismatch');
  also(sizes, findings);
  findings.refuse('shape-mismatch');
  return sizes;
}

/** Checks the shape of a direction of the inputs. */
export function checkInputTangents(pointer: string, inputs: Rows, sizes: Sizes, inColumns: boolean, findings: Findings): void {
  checkSamples(pointer, inputs, featuresOf(sizes), sizes, inColumns, findings);
}

/** Checks the shapes of a vector of parameters, of which any part may be left out. */
export function checkParameters(
  pointer: string,
  given: MaybeRagged<Parameters>,
  { layers }: Network,
  { features, units }: Sizes,
  findings: Findings,
): void {
  if (given.length > layers.length)
    findings.add(pointer, `expected at most ${layers.length} items, one per layer, got ${given.length}`);
  given.slice(0, layers.length).forEach(({ weights, biases }, k) => {
    const outputs = { n: units[k], why: `one per output of layer ${k}` };
    if (weights) {
      const inputs = k === 0 ? features : units[k - 1];
      checkLength(`${pointer}/${k}/weights`, rowCount(weights), ROWS, outputs, findings);
      checkRows(`${pointer}/${k}/weights`, weights, WEIGHTS, { n: inputs, why: `one per input of layer ${k}` }, findings);
    }
    if (!biases) return;
    if (layers[k].biases) checkLength(`${pointer}/${k}/biases`, biases.length, BIASES, outputs, findings);
    else findings.add(`${pointer}/${k}/biases`, `expected no biases, since layer ${k} has none: leave the key out`);
  });
}

function checkedInputs(network: Network, batch: Inputs): { sizes: Sizes; findings: Findings } {
  const findings = new Findings();
  const sizes = {
    samples: areInColumns(batch) ? rowLength(batch.inputs) : rowCount(batch.inputs),
    features: commonLength(network.layers[0].weights),
    units: network.layers.map((layer) => rowCount(layer.weights)),
  };
  checkLayers(network, sizes, findings);
  checkSamples('/batch/inputs', batch.inputs, featuresOf(sizes), sizes, areInColumns(batch), findings);
  return { sizes, findings };
}

function featuresOf({ features }: Sizes): Count {
  return { n: features, why: 'one per input of layer 0' };
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

/** Checks a matrix of samples with so many values each. */
function checkSamples(pointer: string, matrix: Rows, units: Count, sizes: Sizes, inColumns: boolean, findings: Findings): void {
  const samples = samplesOf(sizes);
  const [rows, perRow] = inColumns ? [units, samples] : [samples, units];
  checkLength(pointer, rowCount(matrix), ROWS, rows, findings);
  checkRows(pointer, matrix, VALUES, perRow, findings);
}

function samplesOf({ samples }: Sizes): Count {
  return { n: samples, why: 'one per sample' };
}

function checkTargets(batch: Batch, sizes: Sizes, { name, loss }: BoundLoss, findings: Findings): void {
  const samples = samplesOf(sizes);
  const columns = areInColumns(batch);
  const { targets, pointer } = targetsOf(batch);
  if (!isMatrix(targets)) {
    if (loss.classes) checkLength(pointer, targets.length, CLASS_INDICES, samples, findings);
    else findings.add(pointer, flatTargets(targets, name, sizes, columns));
  } else if (!loss.values) findings.add(pointer, notIndices(targets, name, sizes, columns));
  else {
    const wrong = loss.classes && indicesInLine(targets, sizes, columns);
    if (wrong) findings.add(pointer, wrong);
    else checkSamples(pointer, targets, outputsOf(sizes), sizes, columns, findings);
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
