// What each step of the algorithm shows and says.
import type { Computed } from './computed.ts';
import { biasGradient, inputGradient, preActivation, preActivationGradient, weightGradient } from './explain.ts';
import { computedMatrix, matrix, rowOf, transposed } from './matrix.ts';
import { type Formulas, type Kind, type Place, phaseOf, type Quantity, type Step } from './steps.ts';

type Find = (kind: Kind, layer: number) => number | undefined;
type Described = Pick<Step, 'title' | 'formula' | 'why' | 'result' | 'pieces' | 'worked'>;

/** Slopes of the activations that people meet first, to read beside the numbers. */
const slopes: Record<string, string> = {
  identity: 'Without an activation the slope is 1 everywhere.',
  tanh: 'The slope of tanh is 1 − y²: 1 where y is 0, almost 0 where y is near −1 or 1.',
  sigmoid: 'The slope of sigmoid is y (1 − y): at most ¼, almost 0 where y is near 0 or 1.',
  relu: 'The slope of relu is 1 where z is above 0, and 0 elsewhere: there nothing comes through.',
};

/** A step in full. */
export function describe(run: Computed, place: Place, find: Find, formulas: Formulas): Step {
  const quantities = new Quantities(run, find);
  const { kind, layer } = place;
  const described: Record<Kind, () => Described> = {
    X: () => start(quantities),
    Z: () => weigh(run, quantities, layer),
    Y: () => activate(run, quantities, layer, formulas),
    L: () => lose(run, quantities, formulas),
    dY: () => turn(run, quantities),
    dZ: () => throughActivation(run, quantities, layer, formulas),
    dW: () => weights(run, quantities, layer),
    db: () => biases(run, quantities, layer),
    dX: () => passOn(run, quantities, layer),
  };
  return { ...place, phase: phaseOf(kind), ...described[kind]() };
}

/** What the steps are made from, named and standing as the request's matrices do. */
class Quantities {
  readonly run: Computed;
  readonly find: Find;
  /** What rows and columns of a matrix of samples are. */
  readonly of: (units: string) => readonly [string, string];

  constructor(run: Computed, find: Find) {
    this.run = run;
    this.find = find;
    this.of = (units) => (run.columns ? [units, 'sample'] : ['sample', units]);
  }

  X(layer: number): Quantity {
    const name = layer === 0 ? 'the inputs of the batch' : `the outputs of layer ${layer}`;
    return this.made(`X_${layer + 1}`, name, this.run.trace[layer].inputs, 'input', layer === 0 ? ['X', 0] : ['Y', layer - 1]);
  }

  Z(layer: number): Quantity {
    return this.made(`Z_${layer + 1}`, 'weighted sums', this.run.trace[layer].pre_activations, 'unit', ['Z', layer]);
  }

  Y(layer: number): Quantity {
    return this.made(`Y_${layer + 1}`, `outputs of layer ${layer + 1}`, this.run.trace[layer].outputs, 'unit', ['Y', layer]);
  }

  dY(layer: number): Quantity {
    const by: [Kind, number] = layer === this.run.layers - 1 ? ['dY', layer] : ['dX', layer + 1];
    const name = `gradient of the outputs of layer ${layer + 1}`;
    return this.made(`dY_${layer + 1}`, name, this.run.trace[layer].output_gradients, 'unit', by);
  }

  dZ(layer: number): Quantity {
    const { pre_activation_gradients } = this.run.trace[layer];
    return this.made(`dZ_${layer + 1}`, 'gradient of the weighted sums', pre_activation_gradients, 'unit', ['dZ', layer]);
  }

  dX(layer: number): Quantity {
    const name = layer === 0 ? 'gradient of the batch’s inputs' : `gradient of the inputs, which is dY_${layer}`;
    return this.made(`dX_${layer + 1}`, name, this.run.trace[layer].input_gradients, 'input', ['dX', layer]);
  }

  /** As the formula has them: transposed where a sample is a row. */
  W(layer: number, transpose: boolean): Quantity {
    const given = matrix(this.run.request.network.layers[layer].weights);
    const symbol = `W_${layer + 1}`;
    return transpose
      ? { symbol: `${symbol}^T`, name: 'weights', given: true, matrix: transposed(given), axes: ['input', 'unit'] }
      : { symbol, name: 'weights', given: true, matrix: given, axes: ['unit', 'input'] };
  }

  b(layer: number): Quantity | undefined {
    const given = this.run.request.network.layers[layer].biases;
    return given && { symbol: `b_${layer + 1}`, name: 'biases', given: true, ...this.perUnit(given) };
  }

  /** A value per unit, standing as the units do. */
  perUnit(values: readonly number[]): Pick<Quantity, 'matrix' | 'axes'> {
    const row = rowOf(values);
    return this.run.columns ? { matrix: transposed(row), axes: ['unit', ''] } : { matrix: row, axes: ['', 'unit'] };
  }

  /** A value per sample, standing as the samples do. */
  perSample(values: readonly number[]): Pick<Quantity, 'matrix' | 'axes'> {
    const row = rowOf(values);
    return this.run.columns ? { matrix: row, axes: ['', 'sample'] } : { matrix: transposed(row), axes: ['sample', ''] };
  }

  T(): Quantity {
    const { targets } = this.run.request.batch;
    if (this.run.classes)
      return { symbol: 'T', name: 'targets: the right class', names: true, given: true, ...this.perSample(targets as number[]) };
    return { symbol: 'T', name: 'targets', given: true, matrix: matrix(targets as number[][]), axes: this.of('unit') };
  }

  /** The sample and the unit that a cell is of. */
  place(i: number, j: number): [sample: number, unit: number] {
    return this.run.columns ? [j, i] : [i, j];
  }

  private made(symbol: string, name: string, rows: number[][], units: string, [kind, layer]: [Kind, number]): Quantity {
    const madeBy = this.find(kind, layer);
    return { symbol, name, matrix: matrix(rows), axes: this.of(units), ...(madeBy !== undefined && { madeBy }) };
  }
}

const row = (i: number) => [i, undefined] as const;
const column = (_: number, j: number) => [undefined, j] as const;
const cell = (i: number, j: number) => [i, j] as const;

function reading(quantity: Quantity, reads: NonNullable<Quantity['reads']>): Quantity {
  return { ...quantity, reads };
}

/** A product of two matrices: a row of the first and a column of the second make a cell. */
function product(left: Quantity, right: Quantity): [Quantity, string, Quantity] {
  return [reading(left, row), '·', reading(right, column)];
}

function flipped(quantity: Quantity): Quantity {
  const [first, second] = quantity.axes;
  return { ...quantity, symbol: `${quantity.symbol}^T`, matrix: transposed(quantity.matrix), axes: [second, first] };
}

function start(quantities: Quantities): Described {
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

function weigh(run: Computed, quantities: Quantities, layer: number): Described {
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

function activate(run: Computed, quantities: Quantities, layer: number, formulas: Formulas): Described {
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
    worked: () => undefined,
  };
}

function lose(run: Computed, quantities: Quantities, formulas: Formulas): Described {
  const [K, name] = [run.layers, run.loss()];
  const shares = run.answer.per_sample_losses ?? [];
  const { loss, divisor } = run.answer;
  return {
    title: 'How wrong is it?',
    formula: `L = ${name}(Y_${K}, T)`,
    why: [
      `${name} measures how far each output y is from its target t: ${formulas.losses.get(name) ?? name}. ` +
        `Added up over all of them${divisor === 1 ? '' : ` and divided by ${divisor}`}, that is the loss: one number, ${loss}.`,
      'Here it is by sample; these shares add up to the loss. All that follows asks one question: what would make this number smaller?',
    ],
    result: { symbol: 'L', name: `shares of the loss, ${short4(loss)} in all`, ...quantities.perSample(shares) },
    pieces: [name, reading(quantities.Y(K - 1), ofSample(run)), 'against', reading(quantities.T(), ofSample(run))],
    worked: () => ({
      label: 'L',
      meaning: 'the shares of all samples, added up',
      terms: shares.map((value, i) => ({ factors: [{ label: `L^(${i + 1})`, value }], value })),
      value: loss,
    }),
  };
}

function turn(run: Computed, quantities: Quantities): Described {
  const [K, name] = [run.layers, run.loss()];
  const plain = name === 'mse' && !run.request.batch.sample_weights;
  const { divisor } = run.answer;
  return {
    title: 'The way back begins',
    formula: plain ? `dY_${K} = 2 (Y_${K} − T) / ${divisor}` : `dY_${K} = ∂L / ∂Y_${K}`,
    why: [
      'How does the loss change when an output changes a little? ' +
        (plain
          ? `The slope of (y − t)² is 2 (y − t), and the loss was divided by ${divisor}. `
          : `That is the slope of ${name}. `) +
        'Blue: the loss grows with this output, so the output should come down. Orange: it should go up.',
      'A d before a letter stands for “the gradient of the loss with respect to” what follows.',
    ],
    result: quantities.dY(K - 1),
    pieces: [reading(quantities.Y(K - 1), cell), 'against', reading(quantities.T(), run.classes ? ofSample(run) : cell)],
    worked(i, j) {
      const [sample, unit] = quantities.place(i, j);
      if (!plain) return undefined;
      const [y, t] = [run.value('outputs', K - 1, sample, unit), run.target(sample, unit)];
      const factors = [
        { label: `2/${divisor}`, value: 2 / divisor },
        { label: `y_${unit + 1} − t_${unit + 1}`, value: y - t },
      ];
      const value = run.value('output_gradients', K - 1, sample, unit);
      const terms = [{ factors, value: (2 / divisor) * (y - t) }];
      return { label: `dy_${unit + 1}`, meaning: 'twice the distance, divided', terms, value };
    },
  };
}

function throughActivation(run: Computed, quantities: Quantities, layer: number, formulas: Formulas): Described {
  const [k, name] = [layer + 1, run.activation(layer)];
  const dY = quantities.dY(layer);
  const rowwise = isRowwise(formulas.activations.get(name));
  const slope = computedMatrix(dY.matrix.rows, dY.matrix.columns, (i, j) => {
    return run.slope(layer, ...quantities.place(i, j)) ?? Number.NaN;
  });
  const f = name === 'identity' ? 'f' : name;
  const slopeQuantity: Quantity = { symbol: `${f}′(Z_${k})`, name: 'slopes', matrix: slope, axes: dY.axes, reads: cell };
  return {
    title: `Layer ${k}: back through ${name === 'identity' ? 'no activation' : name}`,
    formula: rowwise ? `dZ_${k} = J^T dY_${k}` : `dZ_${k} = ${f}′(Z_${k}) ∘ dY_${k}`,
    why: rowwise
      ? [
          `${name} ties the units of a sample together, so a gradient comes to each sum from all outputs of its sample: by the matrix J of all slopes.`,
        ]
      : [
          `What comes back is multiplied, number by number (∘), by the slope of the activation where the way forward left it. ${slopes[name] ?? ''}`,
          'Where an activation is flat, little comes through, and layer upon layer less: this is how gradients vanish.',
        ].slice(0, name === 'identity' ? 1 : 2),
    result: quantities.dZ(layer),
    pieces: rowwise ? [reading(dY, ofSample(run))] : [slopeQuantity, '∘', reading(dY, cell)],
    worked: (i, j) => (rowwise ? undefined : preActivationGradient(run, layer, ...quantities.place(i, j))),
  };
}

function weights(run: Computed, quantities: Quantities, layer: number): Described {
  const k = layer + 1;
  const [dZ, X] = [quantities.dZ(layer), quantities.X(layer)];
  const several = run.samples > 1;
  return {
    title: `Layer ${k}: the gradient of its weights`,
    formula: run.columns ? `dW_${k} = dZ_${k} X_${k}^T` : `dW_${k} = dZ_${k}^T X_${k}`,
    why: [
      'A weight stands between an input and a unit. Its gradient is what came in, times what comes back to the unit: if either is 0, the weight cannot matter.',
      several
        ? `For one sample that is a column times a row. For ${run.samples} the same product, read as one of matrices, has added the samples up already.`
        : 'For one sample that is a column times a row.',
    ],
    result: {
      symbol: `dW_${k}`,
      name: `gradient of the weights: gradients[${layer}].weights`,
      matrix: matrix(run.answer.gradients[layer].weights),
      axes: ['unit', 'input'],
    },
    pieces: run.columns ? product(dZ, flipped(X)) : product(flipped(dZ), X),
    worked: (i, j) => weightGradient(run, layer, i, j),
  };
}

function biases(run: Computed, quantities: Quantities, layer: number): Described {
  const k = layer + 1;
  const along = run.columns ? 'row' : 'column';
  return {
    title: `Layer ${k}: the gradient of its biases`,
    formula: `db_${k} = Σ_samples dZ_${k}`,
    why: [
      `A bias is a weight whose input is always 1: its gradient is what comes back to the unit. There is no product here that would add the samples up, so each ${along} of dZ is summed.`,
    ],
    result: {
      symbol: `db_${k}`,
      name: `gradient of the biases: gradients[${layer}].biases`,
      ...quantities.perUnit(run.answer.gradients[layer].biases ?? []),
    },
    pieces: ['Σ', reading(quantities.dZ(layer), run.columns ? row : column)],
    worked: (i, j) => biasGradient(run, layer, quantities.place(i, j)[1]),
  };
}

function passOn(run: Computed, quantities: Quantities, layer: number): Described {
  const k = layer + 1;
  const [dZ, W] = [quantities.dZ(layer), quantities.W(layer, run.columns)];
  const why = [
    'Each input went into every unit. So what comes back to it is collected from every unit, by the same weights, the other way round.',
    layer > 0
      ? `The inputs of layer ${k} are the outputs of layer ${layer}: this is dY_${layer}, and with it layer ${layer} does the same again.`
      : 'This is the first layer, so nothing is left to pass it on to: it says how the loss depends on the batch itself. ' +
        'All dW and db that came up on the way are the gradient. Go a little against it, and the loss gets smaller.',
  ];
  return {
    title: layer > 0 ? `Layer ${k}: pass on to layer ${layer}` : 'Layer 1: back to the inputs',
    formula: run.columns ? `dX_${k} = W_${k}^T dZ_${k}` : `dX_${k} = dZ_${k} W_${k}`,
    why,
    result: quantities.dX(layer),
    pieces: run.columns ? product(W, dZ) : product(dZ, W),
    worked: (i, j) => inputGradient(run, layer, ...quantities.place(i, j)),
  };
}

/** All of the sample that a cell is of. */
function ofSample(run: Computed): NonNullable<Quantity['reads']> {
  return run.columns ? (_, j) => [undefined, j] : (i) => [i, undefined];
}

/** Whether an activation looks at all units of a sample at once, as its formula says. */
function isRowwise(formula: string | undefined): boolean {
  return formula?.includes("over a sample's units") ?? false;
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

function short4(value: number): string {
  return `${Number(value.toPrecision(4))}`;
}
