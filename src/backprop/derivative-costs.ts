// Estimates the costs of derivatives beyond the gradient from the sizes of a request.
import { SAMPLES } from '../linalg/blocks.ts';
import type { Cost, Remedy } from './cost.ts';
import type { Sizes } from './shapes.ts';

/** How a computation is divided. */
export interface Divided {
  /** The samples of the first tile. */
  readonly tileSamples: number;
  /** At how many levels of a tree sums are kept; 0 for a single tile. */
  readonly levels: number;
  /** Whether each thread computes tiles of its own. */
  readonly byTiles: boolean;
}

interface Measures {
  readonly weights: number;
  readonly parameters: number;
  readonly outputs: number;
  /** The values of a sample in the forward and the backward pass, and those of their tangents. */
  readonly passes: number;
  readonly tangents: number;
}

function measuresOf({ features, units }: Sizes): Measures {
  let [weights, parameters, passes, tangents] = [0, 0, 0, 0];
  for (let k = 0, inputs = features; k < units.length; inputs = units[k++]) {
    const outputs = units[k];
    weights += outputs * inputs;
    parameters += outputs * (inputs + 1);
    // X and dX; Z, A, dA and dZ.
    passes += 2 * inputs + 4 * outputs;
    // Two terms of RdX; two of RZ, RA, and two of RdZ.
    tangents += 2 * inputs + 5 * outputs;
  }
  return { weights, parameters, outputs: units[units.length - 1], passes, tangents };
}

/** What differs between the operations. */
interface Amounts {
  readonly flops: number;
  /** Values of a sample that are computed. */
  readonly ofSample: number;
  /** Values of a sample in the answer. */
  readonly inAnswer: number;
  /** Numbers that are summed up over tiles, and others that are needed once. */
  readonly sums: number;
  readonly once: number;
  /** Numbers of the answer beside the sums and the values of samples. */
  readonly further: number;
  readonly remedy: Remedy;
}

function costFrom(sizes: Sizes, { tileSamples, levels, byTiles }: Divided, weights: number, amounts: Amounts): Cost {
  const { samples, features, units } = sizes;
  const { flops, ofSample, inAnswer, sums, once, further, remedy } = amounts;
  // Of many samples, products over samples are added up by blocks, with their rounding errors.
  const blocks = tileSamples > SAMPLES ? 4 * weights : 0;
  const tile = tileSamples * (ofSample + inAnswer) + 2 * sums + blocks + once;
  const included = samples * inAnswer;
  return {
    flops,
    computedNumbers: samples * (ofSample + inAnswer) + sums,
    // At each level the sums, and the rounding errors of some of them.
    keptNumbers: levels === 0 ? tile : tile + levels * 2 * sums + included,
    furtherNumbers: (byTiles ? tile : 0) + sums + samples * (features + units[units.length - 1]),
    answerNumbers: sums + included + further,
    remedy,
  };
}

const FEWER_SAMPLES = 'send fewer samples at a time';
const AS_JOB = 'send it as a job (Prefer: respond-async), or fewer samples at a time, and merge the answers by their divisors';

/** The product of a curvature matrix with a vector: 9 products of matrices where the gradients take 3. */
export function costOfProduct(sizes: Sizes, divided: Divided): Cost {
  const { weights, parameters, passes, tangents } = measuresOf(sizes);
  return costFrom(sizes, divided, weights, {
    flops: 18 * sizes.samples * weights,
    ofSample: passes + tangents,
    inAnswer: 0,
    sums: 2 * parameters,
    once: 0,
    further: 1,
    remedy: { pointer: '/batch/inputs', operations: AS_JOB, numbers: AS_JOB },
  });
}

/** A curvature matrix, and so many steps by it. */
export function costOfHessian(sizes: Sizes, divided: Divided, steps: number): Cost {
  const { samples, features, units } = sizes;
  const { weights, parameters, passes, tangents } = measuresOf(sizes);
  const matrix = parameters * parameters;
  // For each parameter of a layer, a forward and a backward pass through it and the layers after it: 4 products.
  let directions = 0;
  for (let k = units.length - 1, after = 0; k >= 0; k--) {
    const inputs = k === 0 ? features : units[k - 1];
    after += units[k] * inputs;
    directions += units[k] * (inputs + 1) * after;
  }
  const instead = `ask /hvp for its products with vectors: the matrix has ${parameters} x ${parameters} numbers`;
  return costFrom(sizes, divided, weights, {
    // A solution takes the third of n³ multiply-adds by Cholesky, and twice that by LU.
    flops: 6 * samples * weights + 8 * samples * directions + steps * (2 * matrix * parameters + 2 * samples * weights),
    ofSample: passes + tangents,
    inAnswer: 0,
    sums: parameters + matrix,
    once: steps > 0 ? 3 * matrix : 0,
    further: steps * (parameters + 2),
    remedy: { pointer: '/network/layers', operations: `${AS_JOB}; or ${instead}`, numbers: instead },
  });
}

const LESS: Remedy = { pointer: '/batch/inputs', operations: FEWER_SAMPLES, numbers: FEWER_SAMPLES };

/** A vector-Jacobian product. */
export function costOfVjp(sizes: Sizes, divided: Divided): Cost {
  const { weights, parameters, outputs, passes } = measuresOf(sizes);
  return costFrom(sizes, divided, weights, {
    flops: 6 * sizes.samples * weights,
    ofSample: passes + outputs,
    inAnswer: outputs + sizes.features,
    sums: parameters,
    once: 0,
    further: 0,
    remedy: LESS,
  });
}

/** A Jacobian-vector product. */
export function costOfJvp(sizes: Sizes, divided: Divided): Cost {
  const { weights, outputs, passes, tangents } = measuresOf(sizes);
  return costFrom(sizes, divided, weights, {
    flops: 6 * sizes.samples * weights,
    ofSample: passes + tangents,
    inAnswer: 2 * outputs,
    sums: 0,
    once: 0,
    further: 0,
    remedy: LESS,
  });
}

/** The Jacobian of each sample, by a backward pass from each output. */
export function costOfJacobian(sizes: Sizes, divided: Divided, of: 'inputs' | 'parameters'): Cost {
  const { weights, parameters, outputs, passes } = measuresOf(sizes);
  const { samples, features } = sizes;
  const ofOutput = of === 'inputs' ? features : parameters;
  const less = `${FEWER_SAMPLES}, or ask /vjp or /jvp for its products: for each sample it has ${outputs} x ${ofOutput} numbers`;
  return costFrom(sizes, divided, weights, {
    flops: 2 * samples * (weights + outputs * (weights + (of === 'parameters' ? parameters : 0))),
    // Of one output at a time, the outer products of a layer.
    ofSample: passes + (of === 'parameters' ? parameters : 0),
    inAnswer: outputs + outputs * ofOutput,
    sums: 0,
    once: 0,
    further: 0,
    remedy: { pointer: '/batch/inputs', operations: less, numbers: less },
  });
}
