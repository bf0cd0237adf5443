// Requests to every operation, made from requests for gradients.
import type { GradientsRequest } from '../../schemas/gradients.ts';
import { tracedArrays } from '../../schemas/traced-arrays.ts';
import { operations } from '../../src/operations/registry.ts';
import type { Random } from './random.ts';

export interface OperationRequest {
  readonly operation: string;
  readonly request: object;
}

/** The request for gradients itself, in half of the cases; otherwise one to another operation, with its network and batch. */
export function toAnyOperation(request: GradientsRequest, random: Random): OperationRequest {
  const { name: operation } = random.percent(50) ? operations[0] : random.pick(operations);
  return { operation, request: makers[operation](request, random) };
}

const makers: Record<string, (request: GradientsRequest, random: Random) => object> = {
  gradients: (request) => request,
  vjp: (request, random) => ({ ...withoutLoss(request), cotangents: new Matrices(request, random).outputs() }),
  jvp(request, random) {
    const matrices = new Matrices(request, random);
    const parameters = random.percent(70) && { parameters: matrices.parameters() };
    return { ...withoutLoss(request), tangents: { ...parameters, ...(random.percent(70) && { inputs: matrices.inputs() }) } };
  },
  jacobian: (request, random) => ({ ...withoutLoss(request), of: random.pick(['inputs', 'parameters']) }),
  hvp: (request, random) => ({ ...withMatrix(request, random), vector: new Matrices(request, random).parameters() }),
  hessian: (request, random) => ({
    ...withMatrix(request, random),
    ...(random.percent(50) && { damping: Array.from({ length: 1 + random.below(3) }, () => random.pick([0, 1e-9, 0.5, 1e300])) }),
  }),
  check: ({ include: _, ...request }, random) => ({
    ...request,
    candidate: new Matrices(request, random).candidate(),
    ...(random.percent(20) && { tolerance: random.pick([0, 1e-4, 0.1]) }),
  }),
};

function withoutLoss({ network, batch: { inputs, samples } }: GradientsRequest): object {
  return { network, batch: { inputs, ...(samples && { samples }) } };
}

function withMatrix({ include: _, ...request }: GradientsRequest, random: Random): object {
  return { ...request, ...(random.percent(60) && { matrix: random.pick(['hessian', 'gauss_newton']) }) };
}

type Layer = GradientsRequest['network']['layers'][number];

/** Random numbers in the shapes of a request's arrays. */
class Matrices {
  readonly #request: GradientsRequest;
  readonly #random: Random;

  constructor(request: GradientsRequest, random: Random) {
    this.#request = request;
    this.#random = random;
  }

  get #layers() {
    return this.#request.network.layers;
  }

  inputs(): number[][] {
    return this.#ofSamples(this.#layers[0].weights[0].length);
  }

  outputs(): number[][] {
    return this.#ofSamples((this.#layers.at(-1) as Layer).weights.length);
  }

  /** Like gradients, but some arrays and the last layers may be missing. */
  parameters(): object[] {
    const random = this.#random;
    const layers = random.percent(80) ? this.#layers : this.#layers.slice(0, random.below(this.#layers.length));
    return layers.map(({ weights, biases }) => ({
      ...(random.percent(80) && { weights: this.#matrix(weights.length, weights[0].length) }),
      ...(biases && random.percent(80) && { biases: this.#vector(biases.length) }),
    }));
  }

  candidate(): object {
    const random = this.#random;
    return {
      loss: random.below(9),
      ...(random.percent(50) && { outputs: this.outputs() }),
      ...(random.percent(80) && { gradients: this.parameters() }),
      ...(random.percent(50) && { trace: this.#layers.map((layer) => this.#trace(layer)) }),
    };
  }

  #trace({ weights }: Layer): object {
    const names = Object.entries(tracedArrays).filter(() => this.#random.percent(30));
    const units = (sizes: string) => (sizes.endsWith('inputs') ? weights[0].length : weights.length);
    return Object.fromEntries(names.map(([name, sizes]) => [name, this.#ofSamples(units(sizes))]));
  }

  #ofSamples(units: number): number[][] {
    const { inputs, samples } = this.#request.batch;
    return samples === 'columns' ? this.#matrix(units, inputs[0].length) : this.#matrix(inputs.length, units);
  }

  #matrix(rows: number, columns: number): number[][] {
    return Array.from({ length: rows }, () => this.#vector(columns));
  }

  #vector(length: number): number[] {
    return Array.from({ length }, () => this.#random.below(17) / 8 - 1);
  }
}
