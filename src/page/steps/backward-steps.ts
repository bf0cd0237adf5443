// What the steps of the backward pass show and say.
import type { Penalty } from '../../../schemas/penalty.ts';
import { computedMatrix, matrix } from '../ui/matrix.ts';
import {
  biasGradient,
  inputGradient,
  knownLoss,
  lossGradient,
  preActivationGradient,
  type StepsText,
  weightGradient,
} from './explain.ts';
import { cell, column, flipped, isRowwise, ofSample, product, type Quantities, reading, row } from './quantities.ts';
import type { Described, Quantity } from './step.ts';

/** The gradient of the network's outputs. */
export function turn(quantities: Quantities, t: StepsText): Described {
  const { run } = quantities;
  const [K, known, { divisor }] = [run.layers, knownLoss(run), run.answer];
  const factor = (n: number) => (divisor === 1 ? (n === 1 ? '' : `${n} `) : `{${n}}/{${divisor}} `);
  const formulas = {
    mse: `${factor(2)}(Y_${K} − T)`,
    softmax: `${factor(1)}(softmax(Y_${K}) − T)`,
    sigmoid: `${factor(1)}(sigmoid(Y_${K}) − T)`,
  };
  const slope =
    known === undefined ? t.turn.slope(run.loss()) : known === 'mse' ? t.turn.mse(divisor) : t.turn.probability(known, divisor);
  return {
    title: t.turn.title,
    formula: `dY_${K} = ${known ? formulas[known] : `{∂L}/{∂Y_${K}}`}`,
    why: [`${t.turn.question} ${slope}`, t.turn.signs],
    result: quantities.dY(K - 1),
    pieces: [
      reading(quantities.Y(K - 1), known === 'softmax' ? ofSample(run) : cell),
      t.signs.against,
      reading(quantities.T(), run.classes ? ofSample(run) : cell),
    ],
    worked: (i, j) => lossGradient(run, ...run.place(i, j), t),
  };
}

/** The gradient of weighted sums. */
export function throughActivation(quantities: Quantities, layer: number, t: StepsText): Described {
  const { run } = quantities;
  const [k, name] = [layer + 1, run.activation(layer)];
  const applied = name !== 'identity';
  const dY = quantities.dY(layer);
  const rowwise = isRowwise(name) || run.trace[layer].slopes === undefined;
  const f = applied ? name : 'f';
  const slopes: Quantity = {
    symbol: `${f}′(Z_${k})`,
    name: t.names.slopes,
    // It is read only where there are slopes.
    matrix: computedMatrix(dY.matrix.rows, dY.matrix.columns, (i, j) => run.slope(layer, ...run.place(i, j)) as number),
    of: { kind: 'Z', layer },
    axes: dY.axes,
    reads: cell,
  };
  const { why, flat, slopes: known } = t.throughActivation;
  return {
    title: t.throughActivation.title(k, applied ? name : undefined),
    formula: rowwise ? `dZ_${k} = J^T dY_${k}` : `dZ_${k} = ${f}′(Z_${k}) ∘ dY_${k}`,
    why: rowwise ? [t.throughActivation.rowwise(name)] : [why(known[name] ?? ''), ...(applied ? [flat] : [])],
    result: quantities.dZ(layer),
    pieces: rowwise ? [reading(dY, ofSample(run))] : [slopes, '∘', reading(dY, cell)],
    worked: (i, j) => preActivationGradient(run, layer, ...run.place(i, j), t),
  };
}

/** The part of a formula for the penalty. */
function penaltySign(penalty: Penalty | null | undefined, applies: boolean, t: StepsText): string[] {
  return penalty && applies ? ['+', `${t.signs.penalty}′`] : [];
}

/** The gradient of weights. */
export function weights(quantities: Quantities, layer: number, t: StepsText): Described {
  const { run } = quantities;
  const k = layer + 1;
  const [dZ, X] = [quantities.dZ(layer), quantities.X(layer)];
  const penalty = penaltySign(run.request.penalty, true, t);
  return {
    title: t.weights.title(k),
    formula: `dW_${k} = ${run.columns ? `dZ_${k} X_${k}^T` : `dZ_${k}^T X_${k}`}${quoted(penalty)}`,
    why: [
      t.weights.why,
      run.samples > 1 ? t.weights.several(run.samples) : t.weights.single,
      ...(penalty.length > 0 ? [t.weights.penalty] : []),
    ],
    result: {
      symbol: `dW_${k}`,
      name: t.names.weightGradients(layer),
      matrix: matrix(run.answer.gradients[layer].weights),
      of: { kind: 'dW', layer },
      axes: ['unit', 'input'],
    },
    pieces: [...(run.columns ? product(dZ, flipped(X)) : product(flipped(dZ), X)), ...penalty],
    worked: (i, j) => weightGradient(run, layer, i, j, t),
  };
}

/** Words at the end of a formula. */
function quoted(signs: readonly string[]): string {
  return signs.length > 0 ? ` ${signs[0]} "${signs[1]}"` : '';
}

/** The gradient of biases. */
export function biases(quantities: Quantities, layer: number, t: StepsText): Described {
  const { run } = quantities;
  const k = layer + 1;
  const along = run.columns ? 'row' : 'column';
  const penalty = penaltySign(run.request.penalty, run.penalty.biases ?? false, t);
  return {
    title: t.biases.title(k),
    formula: `db_${k} = Σ_{${t.signs.samples}} dZ_${k}${quoted(penalty)}`,
    why: [t.biases.why(along)],
    result: {
      symbol: `db_${k}`,
      name: t.names.biasGradients(layer),
      of: { kind: 'db', layer },
      ...quantities.perUnit(run.answer.gradients[layer].biases as number[]),
    },
    pieces: ['Σ', reading(quantities.dZ(layer), run.columns ? row : column), ...penalty],
    worked: (i, j) => biasGradient(run, layer, run.columns ? i : j, t),
  };
}

/** The gradient of a layer's inputs. */
export function passOn(quantities: Quantities, layer: number, t: StepsText): Described {
  const { run } = quantities;
  const k = layer + 1;
  const [dZ, W] = [quantities.dZ(layer), quantities.W(layer)];
  return {
    title: t.passOn.title(k),
    formula: run.columns ? `dX_${k} = W_${k}^T dZ_${k}` : `dX_${k} = dZ_${k} W_${k}`,
    why: [t.passOn.why, layer > 0 ? t.passOn.next(k) : t.passOn.end],
    result: quantities.dX(layer),
    pieces: run.columns ? product(flipped(W), dZ) : product(dZ, W),
    worked: (i, j) => inputGradient(run, layer, ...run.place(i, j), t),
  };
}
