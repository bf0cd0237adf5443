// What the steps backward show and say.
import type { Penalty } from '../../../schemas/penalty.ts';
import type { Computed } from '../request/computed.ts';
import { computedMatrix, matrix } from '../ui/matrix.ts';
import { biasGradient, inputGradient, preActivationGradient, weightGradient } from './explain.ts';
import { cell, column, flipped, isRowwise, ofSample, product, type Quantities, reading, row } from './quantities.ts';
import type { Described, Formulas, Quantity } from './step.ts';

/** Slopes of the activations that people meet first, to read beside the numbers. */
const slopes: Record<string, string> = {
  identity: 'Without an activation the slope is 1 everywhere.',
  tanh: 'The slope of tanh is 1 − y²: 1 where y is 0, almost 0 where y is near −1 or 1.',
  sigmoid: 'The slope of sigmoid is y (1 − y): at most ¼, almost 0 where y is near 0 or 1.',
  relu: 'The slope of relu is 1 where z is above 0, and 0 elsewhere: there nothing comes through.',
};

/** The gradient of the network's outputs. */
export function turn(run: Computed, quantities: Quantities): Described {
  const [K, name] = [run.layers, run.loss()];
  const plain = name === 'mse' && !run.request.batch.sample_weights;
  const { divisor } = run.answer;
  return {
    title: 'The way back begins',
    formula: plain ? `dY_${K} = 2 (Y_${K} − T)${divisor === 1 ? '' : ` / ${divisor}`}` : `dY_${K} = ∂L / ∂Y_${K}`,
    why: [
      'How does the loss change when an output changes a little? ' +
        (plain
          ? `The slope of (y − t)² is 2 (y − t)${divisor === 1 ? '' : `, and the loss was divided by ${divisor}`}. `
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
        { label: divisor === 1 ? '2' : `2/${divisor}`, value: 2 / divisor },
        { label: `y_${unit + 1} − t_${unit + 1}`, value: y - t },
      ];
      const value = run.value('output_gradients', K - 1, sample, unit);
      const terms = [{ factors, value: (2 / divisor) * (y - t) }];
      return {
        label: `dy_${unit + 1}`,
        meaning: divisor === 1 ? 'twice the distance' : `twice the distance, divided by ${divisor}`,
        terms,
        value,
      };
    },
  };
}

/** The gradient of pre-activations. */
export function throughActivation(run: Computed, quantities: Quantities, layer: number, formulas: Formulas): Described {
  const [k, name] = [layer + 1, run.activation(layer)];
  const dY = quantities.dY(layer);
  const rowwise = isRowwise(formulas.activations.get(name));
  // It is read only where there are slopes.
  const slope = computedMatrix(
    dY.matrix.rows,
    dY.matrix.columns,
    (i, j) => run.slope(layer, ...quantities.place(i, j)) as number,
  );
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

/** What a formula says of a penalty. */
function penaltySign(penalty: Penalty | null | undefined, applies = true): string {
  return penalty && applies ? '+ penalty′' : '';
}

/** The gradient of weights. */
export function weights(run: Computed, quantities: Quantities, layer: number): Described {
  const k = layer + 1;
  const [dZ, X] = [quantities.dZ(layer), quantities.X(layer)];
  const several = run.samples > 1;
  const penalty = penaltySign(run.request.penalty);
  return {
    title: `Layer ${k}: the gradient of its weights`,
    formula: `dW_${k} = ${run.columns ? `dZ_${k} X_${k}^T` : `dZ_${k}^T X_${k}`}${penalty && ` ${penalty}`}`,
    why: [
      'A weight stands between an input and a unit. Its gradient is what came in, times what comes back to the unit: if either is 0, the weight cannot matter.',
      several
        ? `For one sample that is a column times a row. For ${run.samples} the same product, read as one of matrices, has added the samples up already.`
        : 'For one sample that is a column times a row.',
      ...(penalty ? ['The penalty adds its own slope at each weight, once for the whole batch.'] : []),
    ],
    result: {
      symbol: `dW_${k}`,
      name: `gradient of the weights: gradients[${layer}].weights`,
      matrix: matrix(run.answer.gradients[layer].weights),
      axes: ['unit', 'input'],
    },
    pieces: [...(run.columns ? product(dZ, flipped(X)) : product(flipped(dZ), X)), ...(penalty ? [penalty] : [])],
    worked: (i, j) => weightGradient(run, layer, i, j),
  };
}

/** The gradient of biases. */
export function biases(run: Computed, quantities: Quantities, layer: number): Described {
  const k = layer + 1;
  const along = run.columns ? 'row' : 'column';
  const penalty = penaltySign(run.request.penalty, run.penalty.biases);
  return {
    title: `Layer ${k}: the gradient of its biases`,
    formula: `db_${k} = Σ_samples dZ_${k}${penalty && ` ${penalty}`}`,
    why: [
      `A bias is a weight whose input is always 1: its gradient is what comes back to the unit. There is no product here that would add the samples up, so each ${along} of dZ is summed.`,
    ],
    result: {
      symbol: `db_${k}`,
      name: `gradient of the biases: gradients[${layer}].biases`,
      ...quantities.perUnit(run.answer.gradients[layer].biases as number[]),
    },
    pieces: ['Σ', reading(quantities.dZ(layer), run.columns ? row : column), ...(penalty ? [penalty] : [])],
    worked: (i, j) => biasGradient(run, layer, quantities.place(i, j)[1]),
  };
}

/** The gradient of a layer's inputs. */
export function passOn(run: Computed, quantities: Quantities, layer: number): Described {
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
