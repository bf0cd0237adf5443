// The steps: their titles, what they do and why, and how a number is computed.

const plural = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`;

export const steps = {
  tab: 'Step by step',
  phases: { forward: 'Forward', loss: 'Loss', backward: 'Backward' },
  list: 'All steps',
  /** The names of the parts of the list, by phase; layers count from 1. */
  layerOf: (phase: 'forward' | 'backward', layer: number) => `${phase === 'forward' ? 'forward' : 'backward'}, layer ${layer}`,
  single: { X: 'X: inputs', L: 'L: loss', dY: 'dY: gradient of the outputs' },
  stepOf: (n: number, of: number, title: string) => `Step ${n} of ${of}: ${title}`,
  count: (n: number, of: number) => `${n} / ${of}`,
  first: 'First step',
  previous: 'Previous step',
  next: 'Next step',
  last: 'Last step',
  slider: 'Step',
  keys: 'Keys: ← → Home End.',
  present: 'Present',
  endPresent: 'End',
  autoplay: 'Play',
  stopAutoplay: 'Pause',
  presentKeys: 'Page Down: next step. Page Up: previous step. Space: play or pause. Esc: end.',
  howComputed: (place: string) => `How this number is computed: ${place}`,
  smaller: (n: number) => plural(n, 'smaller term', 'smaller terms'),
  given: 'given',
  fromPrevious: '← previous step',
  fromStep: (n: number) => `← step ${n}`,
  computedIn: (from: string, symbol: string) => `${from}: ${symbol}`,
  undefinedNumber: 'undefined',
  matrixLabel: (name: string, rows: number, columns: number) => `${name}, ${rows} by ${columns}`,
  mapLabel: (name: string, rows: number, columns: number, least: string, greatest: string) =>
    `${name}, ${rows} by ${columns}, from ${least} to ${greatest}. Arrow keys read single numbers.`,
  picturesLabel: (name: string, count: number) => `${name}: ${plural(count, 'picture', 'pictures')}, one per sample`,
  copy: 'copy',
  copyMatrix: (name: string) => `Copy ${name} as source code`,
  copyAs: (name: string, language: string) => `${name} for ${language}`,
  axes: { unit: 'unit', input: 'input', sample: 'sample' },
  place: (parts: readonly (readonly [axis: string, n: number])[]) => parts.map(([axis, n]) => `${axis} ${n}`).join(', '),
  number: (place: string, value: string) => `${place}: ${value}`,

  names: {
    batchInputs: 'inputs of the batch',
    layerOutputs: (layer: number) => `outputs of layer ${layer}`,
    preActivations: 'weighted sums',
    outputGradients: (layer: number) => `gradient of the outputs of layer ${layer}`,
    preActivationGradients: 'gradient of the weighted sums',
    batchInputGradients: 'gradient of the inputs of the batch',
    inputGradients: (layer: number) => `gradient of the inputs, which are the outputs of layer ${layer}`,
    weights: 'weights',
    biases: 'biases',
    targets: 'targets',
    targetClasses: 'targets: the right classes',
    slopes: 'slopes',
    weightGradients: (layer: number) => `gradient of the weights: gradients[${layer}].weights`,
    biasGradients: (layer: number) => `gradient of the biases: gradients[${layer}].biases`,
    shares: (loss: string) => `shares of the loss, ${loss} in total`,
  },
  signs: { against: 'against', penalty: 'penalty', samples: 'samples' },

  start: {
    title: 'Inputs and targets',
    why: (samples: number, features: number, columns: boolean) => [
      `${plural(samples, 'sample', 'samples')} with ${plural(features, 'feature', 'features')} each; a sample is a ${columns ? 'column' : 'row'}. The network should turn the inputs X into outputs close to the targets T.`,
      'The loss says how far off the outputs are. The gradient says, for every weight, how the loss changes if that weight is raised a little. Backpropagation computes all of it in one forward pass and one backward pass. Every number is shown; change anything and it is recomputed.',
    ],
  },
  weigh: {
    title: (layer: number) => `Layer ${layer}: weighted sum`,
    why: (bias: boolean, columns: boolean) => [
      `Every unit multiplies each input by a weight and adds the products${bias ? ' and its bias' : ''}. The weights of a unit are a ${columns ? 'row of W' : 'column of Wᵀ'}; the matrix product does this for all units and all samples at once.`,
      'Inputs and sums are kept: the backward pass needs them.',
    ],
  },
  activate: {
    title: (layer: number, activation: string | undefined) =>
      `Layer ${layer}: ${activation ? `activation ${activation}` : 'no activation'}`,
    identity: 'This layer has no activation: its weighted sums are its outputs.',
    why: (name: string, formula: string, rowwise: boolean) =>
      `${name}${formula && `, ${formula},`} is applied ${rowwise ? 'to all units of a sample together' : 'to each number'}. Without activations, several layers could compute no more than one.`,
    next: (layer: number) => `The outputs are the inputs of layer ${layer}.`,
  },
  lose: {
    title: 'The loss',
    why: (name: string, formula: string, weighted: boolean, divisor: number, loss: string) =>
      `${name} measures how far each output y is from its target t: ${formula}. Summed over all outputs${weighted ? ', each sample times its weight,' : ''}${divisor === 1 ? '' : ` and divided by ${divisor}`}, this is the loss: one number, ${loss}.`,
    shares: (penalty: string | undefined) =>
      `Shown per sample; these shares${penalty === undefined ? '' : ` and the penalty on the weights, ${penalty},`} add up to the loss. The backward pass asks: what would make this number smaller?`,
  },
  turn: {
    title: 'Start of the backward pass',
    question: 'How does the loss change when an output changes a little?',
    slope: (name: string) => `This is the slope of ${name}.`,
    mse: (divisor: number) =>
      `The slope of (y − t)² is 2 (y − t)${divisor === 1 ? '' : `, and the loss is divided by ${divisor}`}.`,
    probability: (name: string, divisor: number) =>
      `For cross-entropy the exponentials cancel: what remains is probability minus target, with p = ${name}(y)${divisor === 1 ? '' : `, divided by ${divisor}`}.`,
    signs:
      'Blue: the loss grows with this output, so the output should come down. Orange: it should go up. A d before a letter stands for “the gradient of the loss with respect to”.',
  },
  throughActivation: {
    title: (layer: number, activation: string | undefined) =>
      `Layer ${layer}: ${activation ? `back through ${activation}` : 'no activation, slope 1'}`,
    rowwise: (name: string) =>
      `${name} couples the units of a sample: each weighted sum changes all outputs of its sample, by the matrix J of all slopes.`,
    why: (slope: string) =>
      `The gradient is multiplied, element by element (∘), by the slope of the activation at the weighted sum. ${slope}`,
    flat: 'Where an activation is flat, little of the gradient comes through, and less with every layer: this is how gradients vanish.',
    slopes: {
      identity: 'Without an activation the slope is 1 everywhere.',
      tanh: 'The slope of tanh is 1 − y²: 1 where y is 0, almost 0 where y is near −1 or 1.',
      sigmoid: 'The slope of sigmoid is y (1 − y): at most ¼, almost 0 where y is near 0 or 1.',
      relu: 'The slope of relu is 1 where z is above 0, and 0 elsewhere: no gradient comes through there.',
    } as Readonly<Record<string, string>>,
  },
  weights: {
    title: (layer: number) => `Layer ${layer}: gradient of the weights`,
    why: 'A weight connects an input to a unit. Its gradient is that input times the gradient of the unit: if either is 0, so is the gradient.',
    single: 'For one sample this is a column times a row.',
    several: (samples: number) =>
      `For one sample this is a column times a row. For ${samples} samples the same formula, as a matrix product, already sums over the samples.`,
    penalty: 'The penalty adds its own slope at each weight, once for the whole batch.',
  },
  biases: {
    title: (layer: number) => `Layer ${layer}: gradient of the biases`,
    why: (along: 'row' | 'column') =>
      `A bias is a weight whose input is always 1: its gradient is the gradient of its unit. No product sums over the samples here, so each ${along} of dZ is summed.`,
  },
  passOn: {
    title: (layer: number) => (layer > 1 ? `Layer ${layer}: pass back to layer ${layer - 1}` : 'Layer 1: gradient of the inputs'),
    why: 'Each input went into every unit. Its gradient is collected from every unit through the same weights, transposed.',
    next: (layer: number) =>
      `The inputs of layer ${layer} are the outputs of layer ${layer - 1}: this is dY of layer ${layer - 1}, and the same steps follow for it.`,
    end: 'This is the first layer: the result says how the loss depends on the batch itself. All dW and db together are the gradient. A small step against it makes the loss smaller.',
  },

  sums: {
    preActivation: 'weights times inputs, summed',
    applied: (name: string, z: string) => `${name} of ${z}`,
    rowwise: (name: string) => `${name} over all units of the sample`,
    identity: 'the weighted sum itself',
    loss: 'the shares of all samples, summed',
    outputGradient: 'the slope of the loss at this output',
    mse: (divisor: number) => (divisor === 1 ? 'twice the difference' : `twice the difference, divided by ${divisor}`),
    probability: (divisor: number) => `probability minus target${divisor === 1 ? '' : `, divided by ${divisor}`}`,
    inputGradient: 'the gradients of all units that it goes to, times the weights, summed',
    preActivationGradient: 'the slope of the activation times the gradient of the output',
    rowwiseGradient: 'through all slopes of the activation',
    weightGradient: 'the gradient of the unit times the input, summed over the samples',
    biasGradient: 'the gradient of the unit, summed over the samples',
  },

  zero: {
    title: 'Why is it 0?',
    deadUnit: (unit: string, samples: number, greatest: string) =>
      `The slope of ${unit} is 0 for ${samples === 1 ? 'the one sample' : `all ${samples} samples`}: z ≤ ${greatest}. No gradient passes through it.`,
    flat: (z: string) => `The activation has slope 0 here: z = ${z}.`,
    noOutputGradient: 'No gradient arrives at this output, so there is nothing to multiply.',
    targetReached: 'The output equals its target: the loss has slope 0 here.',
    noInput: (samples: number) =>
      `The input is 0 for ${samples === 1 ? 'the one sample' : `all ${samples} samples`}: this weight changes nothing.`,
    noUnitGradient: (samples: number) =>
      `The gradient of the unit is 0 for ${samples === 1 ? 'the one sample' : `all ${samples} samples`}.`,
    noOverlap: 'In every sample, either the input or the gradient of the unit is 0.',
    cancels: 'The terms cancel.',
    noneComesBack: 'The gradients of all units that it goes to are 0, or their weights are.',
  },

  hints: {
    title: 'Valid, but unusual',
    softmaxTwice:
      'The last layer applies softmax, and cross_entropy applies it again to what it gets: it expects logits. Remove the softmax, or use nll after log_softmax.',
    sigmoidTwice:
      'The last layer applies sigmoid, and binary_cross_entropy_with_logits applies it again. Remove the sigmoid, or use binary_cross_entropy.',
    outputsSmaller: (outputs: string, targets: string) =>
      `The targets (up to ${targets}) are far larger than the outputs (up to ${outputs}). Scale the targets, or the loss will stay large for a long time.`,
    outputsLarger: (outputs: string, targets: string) =>
      `The outputs (up to ${outputs}) are far larger than the targets (up to ${targets}): the first gradients are very large.`,
    outOfReach: (activation: string, low: string, high: string) =>
      `The targets lie outside the range of ${activation}, ${low} to ${high}.`,
  },

  letters: {
    title: 'Letters',
    head: ['letter', 'meaning', 'in the API'] as const,
    X: 'inputs of a layer',
    W: 'its weights and biases',
    Z: 'weighted sums',
    Y: 'outputs of the layer, which are the inputs X of the next',
    T: 'targets and loss',
    dY: 'gradient of the loss with respect to Y; likewise dZ and dX',
    dW: 'the result: the gradients of the parameters',
    note: 'A small number below a letter is the layer, from 1; numbers in brackets are row and column in the matrix. In the API layers count from 0. ∘ multiplies element by element, T above a letter transposes, f′ is the slope of f.',
  },
  descend: {
    rate: 'Learning rate',
    button: 'Update every weight by −rate × gradient',
  },
};
