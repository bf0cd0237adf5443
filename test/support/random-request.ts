// Random requests for a given loss: random activations, with random options of activations and loss.
import fc from 'fast-check';
import { type ActivationName, activations } from '../../schemas/activation.ts';
import type { GradientsRequest } from '../../schemas/gradients.ts';
import type { LossName } from '../../schemas/loss.ts';
import { readConfig } from '../../src/config.ts';
import { chooseEngine } from '../../src/linalg/engines.ts';
import { planGradients } from '../../src/work/gradients.ts';
import { flat } from './flat.ts';
import { ENGINE } from './requests.ts';

const { engine } = chooseEngine(readConfig({ ENGINE }).ENGINE);

/** Computes the result of a request, without HTTP. */
export function compute(request: GradientsRequest) {
  return planGradients(flat(request)).run(engine);
}

/** Asserts a property for 60 random requests with the given loss; they are the same in every run. */
export function forRandomRequests(loss: LossName, check: (request: GradientsRequest) => void): void {
  fc.assert(fc.property(requestWith(loss), check), { seed: 20260101, numRuns: 60, endOnFailure: true });
}

/** Uniformly distributed; fc.double would draw as many tiny numbers as large ones. */
const number = (min: number, max: number) => fc.integer({ min: 0, max: 2 ** 30 }).map((n) => min + ((max - min) * n) / 2 ** 30);
const list = <T>(item: fc.Arbitrary<T>, length: number) => fc.array(item, { minLength: length, maxLength: length });
const matrix = (rows: number, columns: number, min = -1, max = 1) => list(list(number(min, max), columns), rows);

/** Random options within their bounds. */
const activationOptions: { [Name in ActivationName]?: fc.Arbitrary<object> } = {
  leaky_relu: fc.record({ negative_slope: number(-0.5, 0.9) }),
  elu: fc.record({ alpha: number(0.1, 3) }),
  celu: fc.record({ alpha: number(0.1, 3) }),
  gelu: fc.record({ approximate: fc.constantFrom('none', 'tanh') }),
  softplus: fc.record({ beta: number(0.2, 3), threshold: number(1, 20) }),
  hardtanh: fc.record({ min_val: number(-2, -0.1), max_val: number(0.1, 2) }),
  softshrink: fc.record({ lambd: number(0, 1) }),
  hardshrink: fc.record({ lambd: number(0, 1) }),
};

const activation = (name: ActivationName) =>
  (activationOptions[name] ?? fc.constant({})).map((options) => ({ type: name, ...options }));
const anyActivation = fc.constantFrom(...(Object.keys(activations) as ActivationName[])).chain(activation);

/** The activation of the last layer, for losses that restrict the network's outputs. */
const lastActivation: { [Name in LossName]?: ActivationName } = {
  binary_cross_entropy: 'sigmoid',
  nll: 'log_softmax',
  kl_div: 'log_softmax',
  poisson_nll: 'sigmoid',
};

interface Sizes {
  readonly samples: number;
  readonly outputs: number;
}

const positive = (n: number) => list(number(0.1, 3), n);
const reductions = fc.constantFrom('mean', 'sum', 'batchmean');

const lossOptions: { [Name in LossName]?: (sizes: Sizes) => fc.Arbitrary<object> } = {
  smooth_l1: () => fc.record({ beta: number(0.1, 2) }),
  huber: () => fc.record({ delta: number(0.1, 2) }),
  binary_cross_entropy_with_logits: ({ outputs }) => fc.record({ pos_weight: positive(outputs) }, { requiredKeys: [] }),
  cross_entropy: ({ outputs }) => fc.record({ weight: positive(outputs), label_smoothing: number(0, 1) }, { requiredKeys: [] }),
  nll: ({ outputs }) => fc.record({ weight: positive(outputs) }, { requiredKeys: [] }),
  kl_div: () => fc.record({ log_target: fc.boolean() }),
  poisson_nll: () => fc.record({ log_input: fc.boolean(), full: fc.boolean() }),
};

const classIndices = ({ samples, outputs }: Sizes) => list(fc.integer({ min: 0, max: outputs - 1 }), samples);
const unitInterval = ({ samples, outputs }: Sizes) => matrix(samples, outputs, 0, 1);
const signs = ({ samples, outputs }: Sizes) => list(list(fc.constantFrom(-1, 1), outputs), samples);

const targetsOf: { [Name in LossName]?: (sizes: Sizes, log: boolean) => fc.Arbitrary<number[] | number[][]> } = {
  binary_cross_entropy: unitInterval,
  binary_cross_entropy_with_logits: unitInterval,
  cross_entropy: (sizes) => fc.oneof(classIndices(sizes), unitInterval(sizes)),
  nll: classIndices,
  kl_div: ({ samples, outputs }, log) => (log ? matrix(samples, outputs, -3, 0) : matrix(samples, outputs, 0.01, 1)),
  poisson_nll: ({ samples, outputs }) => matrix(samples, outputs, 0, 5),
  soft_margin: signs,
  hinge: signs,
  squared_hinge: signs,
};

function networkOf(sizes: number[], last?: ActivationName) {
  const layers = sizes.slice(1).map((outputs, k) =>
    fc.record(
      {
        weights: matrix(outputs, sizes[k]),
        activation: last && k === sizes.length - 2 ? activation(last) : anyActivation,
        biases: list(number(-1, 1), outputs),
      },
      { requiredKeys: ['weights', 'activation'] },
    ),
  );
  return fc.record({ layers: fc.tuple(...layers) });
}

/** A random request with the given loss. */
function requestWith(name: LossName): fc.Arbitrary<GradientsRequest> {
  const request = fc
    .record({
      samples: fc.integer({ min: 1, max: 4 }),
      sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 4 }),
    })
    .chain(({ samples, sizes }) => {
      const shape = { samples, outputs: sizes[sizes.length - 1] };
      const options = (lossOptions[name]?.(shape) ?? fc.constant({})) as fc.Arbitrary<{ log_target?: boolean }>;
      return fc.tuple(options, reductions).chain(([chosen, reduction]) =>
        fc.record({
          network: networkOf(sizes, lastActivation[name]),
          batch: fc.record(
            {
              inputs: matrix(samples, sizes[0], -2, 2),
              targets: targetsOf[name]?.(shape, chosen.log_target === true) ?? matrix(samples, shape.outputs, -2, 2),
              sample_weights: positive(samples),
            },
            { requiredKeys: ['inputs', 'targets'] },
          ),
          loss: fc.constant({ type: name, reduction, ...chosen }),
        }),
      );
    });
  // fast-check is biased towards zeros, which are kinks of many activations.
  return fc.noBias(request as fc.Arbitrary<GradientsRequest>);
}
