// What the steps of the forward pass and the loss show and say.
import { activations, losses } from '../request/variants.ts';
import { short } from '../ui/matrix.ts';
import { labelOf, preActivation, type StepsText } from './explain.ts';
import { cell, column, flipped, formulaOf, isRowwise, ofSample, type Quantities, reading, row } from './quantities.ts';
import type { Described } from './step.ts';

/** The batch. */
export function start(quantities: Quantities, t: StepsText): Described {
  const { run } = quantities;
  return {
    title: t.start.title,
    formula: 'X_1 → T',
    why: t.start.why(run.samples, run.features, run.columns),
    result: quantities.X(0),
    pieces: ['→', quantities.T()],
    worked: (i, j) => {
      const [sample, unit] = run.place(i, j);
      const value = run.value('inputs', 0, sample, unit);
      return { label: labelOf(run, 'X', 0, sample, unit), meaning: t.names.batchInputs, terms: [], value };
    },
  };
}

/** Weighted sums. */
export function weigh(quantities: Quantities, layer: number, t: StepsText): Described {
  const { run } = quantities;
  const k = layer + 1;
  const [X, W, b] = [quantities.X(layer), quantities.W(layer), quantities.b(layer)];
  const ofUnit = run.columns ? (i: number) => [i, undefined] as const : (_: number, j: number) => [undefined, j] as const;
  return {
    title: t.weigh.title(k),
    formula: `Z_${k} = ${run.columns ? `W_${k} X_${k}` : `X_${k} W_${k}^T`}${b ? ` + b_${k}` : ''}`,
    why: t.weigh.why(b !== undefined, run.columns),
    result: quantities.Z(layer),
    pieces: [
      ...(run.columns ? [reading(W, row), '·', reading(X, column)] : [reading(X, row), '·', reading(flipped(W), column)]),
      ...(b ? ['+', reading(b, ofUnit)] : []),
    ],
    worked: (i, j) => preActivation(run, layer, ...run.place(i, j), t),
  };
}

/** Outputs of a layer. */
export function activate(quantities: Quantities, layer: number, t: StepsText): Described {
  const { run } = quantities;
  const [k, name] = [layer + 1, run.activation(layer)];
  const [applied, rowwise] = [name !== 'identity', isRowwise(name)];
  const why = applied ? t.activate.why(name, formulaOf(activations, name), rowwise) : t.activate.identity;
  return {
    title: t.activate.title(k, applied ? name : undefined),
    formula: applied ? `Y_${k} = ${name}(Z_${k})` : `Y_${k} = Z_${k}`,
    why: [why, ...(k < run.layers ? [t.activate.next(k + 1)] : [])],
    result: quantities.Y(layer),
    pieces: [...(applied ? [name] : []), reading(quantities.Z(layer), rowwise ? ofSample(run) : cell)],
    worked(i, j) {
      const [sample, unit] = run.place(i, j);
      const [z, value] = [run.value('pre_activations', layer, sample, unit), run.value('outputs', layer, sample, unit)];
      const label = labelOf(run, 'Z', layer, sample, unit);
      const factor = { label: applied ? `${name}(${label})` : label, value, of: { kind: 'Z', layer, i, j } } as const;
      const meaning = rowwise ? t.sums.rowwise(name) : applied ? t.sums.applied(name, short(z, 6)) : t.sums.identity;
      return { label: labelOf(run, 'Y', layer, sample, unit), meaning, terms: [{ factors: [factor], value }], value };
    },
  };
}

/** The loss. */
export function lose(quantities: Quantities, t: StepsText): Described {
  const { run } = quantities;
  const [K, name] = [run.layers, run.loss()];
  const shares = run.answer.per_sample_losses as number[];
  const { loss, divisor, penalty } = run.answer;
  return {
    title: t.lose.title,
    formula: `L = ${name}(Y_${K}, T)${penalty === undefined ? '' : ` + "${t.signs.penalty}"`}`,
    why: [
      t.lose.why(name, formulaOf(losses, name), run.request.batch.sample_weights !== undefined, divisor, `${loss}`),
      t.lose.shares(penalty === undefined ? undefined : short(penalty, 4)),
    ],
    result: {
      symbol: 'L',
      name: t.names.shares(short(loss, 4)),
      of: { kind: 'L', layer: K - 1 },
      ...quantities.perSample(shares),
    },
    pieces: [name, reading(quantities.Y(K - 1), ofSample(run)), t.signs.against, reading(quantities.T(), ofSample(run))],
    worked: () => ({
      label: 'L',
      meaning: t.sums.loss,
      terms: [
        ...shares.map((value, i) => ({ factors: [{ label: `L[${i + 1}]`, value }], value })),
        ...(penalty === undefined ? [] : [{ factors: [{ label: `"${t.signs.penalty}"`, value: penalty }], value: penalty }]),
      ],
      value: loss,
    }),
  };
}
