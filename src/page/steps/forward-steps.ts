// What the steps forward show and say, and the loss.
import type { Computed } from '../request/computed.ts';
import { preActivation } from './explain.ts';
import { cell, column, isRowwise, ofSample, type Quantities, reading, row } from './quantities.ts';
import type { Described, Formulas } from './step.ts';

/** The batch. */
export function start(quantities: Quantities): Described {
  const { columns, samples, features } = quantities.run;
  return {
    title: 'What goes in, and what should come out',
    formula: 'X_1 → T',
    why: [
      `${count(samples, 'sample')} with ${count(features, 'feature')} each: a sample is a ${columns ? 'column' : 'row'}. ` +
        'The network is to turn the inputs X into something close to the targets T.',
      'Colours: blue is above 0, orange below, and the stronger the further. Point at a number to read it in full.',
    ],
    result: quantities.X(0),
    pieces: ['→', quantities.T()],
    worked: () => undefined,
  };
}

/** Pre-activations. */
export function weigh(run: Computed, quantities: Quantities, layer: number): Described {
  const k = layer + 1;
  const [X, W, b] = [quantities.X(layer), quantities.W(layer, !run.columns), quantities.b(layer)];
  const along = run.columns ? column : row;
  const bias = b && [
    '+',
    reading(b, run.columns ? (i: number) => [i, undefined] as const : (_: number, j: number) => [undefined, j] as const),
  ];
  return {
    title: `Layer ${k}: weigh and add`,
    formula: `Z_${k} = ${run.columns ? `W_${k} X_${k}` : `X_${k} W_${k}^T`}${b ? ` + b_${k}` : ''}`,
    why: [
      `Every unit multiplies each of its inputs by a weight of its own and adds them up${b ? ', and its bias to that' : ''}. ` +
        `The weights of a unit are a ${run.columns ? 'row of W' : 'column of Wᵀ'}, and the matrix product does all units and all samples at once.`,
      'Inputs and sums are kept: the way back needs them.',
    ],
    result: quantities.Z(layer),
    pieces: [
      ...(run.columns ? [reading(W, row), '·', reading(X, along)] : [reading(X, along), '·', reading(W, column)]),
      ...(bias ?? []),
    ],
    worked: (i, j) => preActivation(run, layer, ...quantities.place(i, j)),
  };
}

/** Outputs of a layer. */
export function activate(run: Computed, quantities: Quantities, layer: number, formulas: Formulas): Described {
  const [k, name] = [layer + 1, run.activation(layer)];
  const formula = formulas.activations.get(name);
  const why =
    name === 'identity'
      ? ['This layer has no activation: its sums are its outputs.']
      : [
          `${name}${formula ? `, ${formula},` : ''} bends what comes out${isRowwise(formula) ? ', over all units of a sample together' : ', number by number'}. ` +
            'Without a bend, layer upon layer could do no more than a single one.',
        ];
  if (k < run.layers) why.push(`What comes out goes into layer ${k + 1}.`);
  return {
    title: `Layer ${k}: ${name === 'identity' ? 'no activation' : 'activate'}`,
    formula: name === 'identity' ? `Y_${k} = Z_${k}` : `Y_${k} = ${name}(Z_${k})`,
    why,
    result: quantities.Y(layer),
    pieces: [...(name === 'identity' ? [] : [name]), reading(quantities.Z(layer), isRowwise(formula) ? ofSample(run) : cell)],
    worked(i, j) {
      const [sample, unit] = quantities.place(i, j);
      const [z, y] = [run.value('pre_activations', layer, sample, unit), run.value('outputs', layer, sample, unit)];
      const label = name === 'identity' ? `z_${unit + 1}` : `${name}(z_${unit + 1})`;
      const meaning = isRowwise(formula)
        ? `${name} over its sample`
        : `${name === 'identity' ? 'the same as' : `${name} of`} ${z}`;
      return { label: `y_${unit + 1}`, meaning, terms: [{ factors: [{ label, value: y }], value: y }], value: y };
    },
  };
}

/** The loss. */
export function lose(run: Computed, quantities: Quantities, formulas: Formulas): Described {
  const [K, name] = [run.layers, run.loss()];
  const shares = run.answer.per_sample_losses as number[];
  const { loss, divisor, penalty } = run.answer;
  return {
    title: 'How wrong is it?',
    formula: `L = ${name}(Y_${K}, T)${penalty === undefined ? '' : ' + penalty'}`,
    why: [
      `${name} measures how far each output y is from its target t: ${formulas.losses.get(name) ?? name}. ` +
        `Added up over all of them${run.request.batch.sample_weights ? ', each sample by its weight,' : ''}${divisor === 1 ? '' : ` and divided by ${divisor}`}, that is the loss: one number, ${loss}.`,
      `Here it is by sample; these shares${penalty === undefined ? '' : ` and the penalty on the weights, ${short4(penalty)},`} add up to the loss. ` +
        'All that follows asks one question: what would make this number smaller?',
    ],
    result: { symbol: 'L', name: `shares of the loss, ${short4(loss)} in all`, ...quantities.perSample(shares) },
    pieces: [name, reading(quantities.Y(K - 1), ofSample(run)), 'against', reading(quantities.T(), ofSample(run))],
    worked: () => ({
      label: 'L',
      meaning: 'the shares of all samples, added up',
      terms: [
        ...shares.map((value, i) => ({ factors: [{ label: `L^(${i + 1})`, value }], value })),
        ...(penalty === undefined ? [] : [{ factors: [{ label: 'penalty', value: penalty }], value: penalty }]),
      ],
      value: loss,
    }),
  };
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

function short4(value: number): string {
  return `${Number(value.toPrecision(4))}`;
}
