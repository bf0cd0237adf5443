// Finds out whether the shapes of a request fit once some of its matrices are transposed, for error texts.
import { type ArrayInputs, areInColumns } from '../../schemas/batch.ts';
import type { Network } from '../../schemas/network.ts';
import { isTensor, type MaybeRagged, type Tensor } from '../../schemas/numbers.ts';
import { Findings } from '../refusal.ts';

/** Rows and columns. */
type Shape = readonly [number, number];

/** The shapes of a request without ragged matrices. */
interface Shapes {
  readonly weights: readonly Shape[];
  readonly biases: readonly (number | undefined)[];
  readonly inputs: Shape;
  /** A number for class indices; undefined if there is nothing that has to fit the outputs. */
  readonly targets: Shape | number | undefined;
  /** The lengths that must be the number of samples, and those that must be the number of outputs. */
  readonly perSample: readonly number[];
  readonly perOutput: readonly number[];
}

/** What to transpose, besides what `samples` "columns" says. */
interface Turn {
  readonly inputs: boolean;
  readonly targets: boolean;
  readonly weights: boolean;
}

/** The possibilities, the most likely first. */
const TURNS: readonly Turn[] = [
  { inputs: true, targets: true, weights: false },
  { inputs: false, targets: false, weights: true },
  { inputs: true, targets: true, weights: true },
  { inputs: true, targets: false, weights: false },
  { inputs: false, targets: true, weights: false },
];

/** What has to fit the network's outputs: targets, or cotangents. */
export interface Against {
  /** A matrix, or class indices; undefined if there is none. */
  readonly values: number[][] | Tensor | Float64Array | undefined;
  readonly name: string;
  readonly pointer: string;
  /** The lengths that must be the number of samples, and those that must be the number of outputs. */
  readonly perSample: readonly number[];
  readonly perOutput: readonly number[];
}

/** The errors of a request that fits if some of its matrices are transposed; undefined for any other request. */
export function misoriented(
  { layers }: MaybeRagged<Network>,
  batch: MaybeRagged<ArrayInputs>,
  against: Against,
): Findings | undefined {
  const shapes = shapesOf(layers, batch.inputs, against);
  if (!shapes) return undefined;
  const columns = areInColumns(batch);
  for (const turn of TURNS) {
    const turned = fit(shapes, turn, columns);
    if (turned) return explain(shapes, turn, turned, columns, against);
  }
  return undefined;
}

function shapesOf(
  layers: MaybeRagged<Network>['layers'],
  inputs: number[][] | Tensor,
  { values, perSample, perOutput }: Against,
): Shapes | undefined {
  const isRagged = Array.isArray(values) && Array.isArray(values[0]);
  if (isRagged || !isTensor(inputs) || !layers.every((layer) => isTensor(layer.weights))) return undefined;
  return {
    weights: layers.map((layer) => shapeOf(layer.weights as Tensor)),
    biases: layers.map(({ biases }) => biases?.length),
    inputs: shapeOf(inputs),
    targets: isTensor(values) ? shapeOf(values) : values?.length,
    perSample,
    perOutput,
  };
}

function shapeOf({ shape }: Tensor): Shape {
  return [shape[0], shape[1]];
}

function turnedIf(condition: boolean, [rows, columns]: Shape): Shape {
  return condition ? [columns, rows] : [rows, columns];
}

/** The layers whose weights have to be transposed to make everything fit; undefined if that doesn't. */
function fit(shapes: Shapes, turn: Turn, columns: boolean): number[] | undefined {
  const [samples, features] = turnedIf(turn.inputs !== columns, shapes.inputs);
  const turned: number[] = [];
  let width = features;
  for (let k = 0; k < shapes.weights.length; k++) {
    const [rows, inputs] = shapes.weights[k];
    const isTurned = inputs !== width;
    if (isTurned && (!turn.weights || rows !== width)) return undefined;
    width = isTurned ? inputs : rows;
    if ((shapes.biases[k] ?? width) !== width) return undefined;
    if (isTurned) turned.push(k);
  }
  const targets =
    shapes.targets === undefined
      ? [samples, width]
      : typeof shapes.targets === 'number'
        ? [shapes.targets, width]
        : turnedIf(turn.targets !== columns, shapes.targets);
  const isRight = targets[0] === samples && targets[1] === width;
  return isRight && shapes.perSample.every((n) => n === samples) && shapes.perOutput.every((n) => n === width)
    ? turned
    : undefined;
}

function explain(shapes: Shapes, turn: Turn, turned: readonly number[], columns: boolean, { name, pointer }: Against): Findings {
  const findings = new Findings();
  const isSquare = ([rows, inputs]: Shape) => rows === inputs;
  const hint =
    turned.length > 0 && shapes.weights.some(isSquare) ? ' (and of the square matrices, if they are transposed, too)' : '';
  for (const k of turned) {
    if (findings.full) break;
    const [rows, inputs] = shapes.weights[k];
    findings.add(
      `/network/layers/${k}/weights`,
      `expected ${inputs} x ${rows} weights, outputs x inputs, got ${rows} x ${inputs}: they are transposed, send weights.T${hint}`,
    );
  }
  const isAlone = typeof shapes.targets !== 'object';
  if (turn.inputs && turn.targets) {
    const matrices = isAlone ? 'inputs have' : `inputs and ${name} have`;
    const [wanted, place] = columns ? ['"samples": "rows", or no samples', 'row'] : ['"samples": "columns"', 'column'];
    findings.add('/batch/samples', `expected ${wanted}, since ${matrices} one sample per ${place}`);
  } else if (turn.inputs) findings.add('/batch/inputs', transposed(shapes.inputs, columns, 'features', 'inputs'));
  else if (turn.targets) findings.add(pointer, transposed(shapes.targets as Shape, columns, 'outputs', name));
  return findings;
}

function transposed([rows, columns]: Shape, areColumns: boolean, units: string, name: string): string {
  const order = areColumns ? `${units} x samples` : `samples x ${units}`;
  return `expected ${columns} x ${rows}, ${order}, got ${rows} x ${columns}: the matrix is transposed, send ${name}.T`;
}
