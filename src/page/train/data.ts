// Data to train on: generated, the same each time for a seed.
import type { GradientsRequest } from '../../../schemas/gradients.ts';
import { withSizes } from '../request/build.ts';
import { resized, sizesOf } from '../request/edit.ts';
import { normal, type Random, seeded } from './random.ts';

/** Samples in rows, with a target per output, or with a class. */
export interface Data {
  readonly inputs: number[][];
  readonly targets?: number[][];
  readonly classes?: number[];
  /** How many classes there are; left out for targets. */
  readonly classCount?: number;
  /** Whether the classes stay indices even if there are two: those of a dataset of the service are. */
  readonly keepsClasses?: boolean;
}

export interface Recipe {
  readonly samples: number;
  /** The standard deviation that is added to the inputs; of regression, to the targets. */
  readonly noise: number;
  readonly seed: number;
}

export const generators = { xor, circle, spiral, regression };
export type GeneratorName = keyof typeof generators;

/** The corners of a square, whose class is 1 where exactly one coordinate is positive. */
function xor({ samples, noise, seed }: Recipe): Data {
  const random = seeded(seed);
  return twoClasses(samples, (i) => {
    const [x, y] = [i & 1, (i >> 1) & 1];
    return { point: [2 * x - 1, 2 * y - 1].map((at) => at + noise * normal(random)), label: x ^ y };
  });
}

/** A disc, and a ring around it. */
function circle({ samples, noise, seed }: Recipe): Data {
  const random = seeded(seed);
  return twoClasses(samples, (i) => {
    const label = i & 1;
    const radius = label === 1 ? 0.5 * Math.sqrt(random()) : 0.75 + 0.25 * random();
    return { point: around(radius, 2 * Math.PI * random(), noise, random), label };
  });
}

/** Two arms, each once around the origin. */
function spiral({ samples, noise, seed }: Recipe): Data {
  const random = seeded(seed);
  const arm = Math.ceil(samples / 2);
  return twoClasses(samples, (i) => {
    const label = i & 1;
    const share = ((i >> 1) + 0.5) / arm;
    return { point: around(0.1 + 0.9 * share, 2 * Math.PI * share + Math.PI * label, noise, random), label };
  });
}

/** sin(3 x) on -1…1. */
function regression({ samples, noise, seed }: Recipe): Data {
  const random = seeded(seed);
  const inputs = Array.from({ length: samples }, (_, i) => [rounded(samples === 1 ? 0 : (2 * i) / (samples - 1) - 1)]);
  return { inputs, targets: inputs.map(([x]) => [rounded(Math.sin(3 * x) + noise * normal(random))]) };
}

function around(radius: number, angle: number, noise: number, random: Random): number[] {
  return [radius * Math.cos(angle), radius * Math.sin(angle)].map((at) => at + noise * normal(random));
}

/** Targets 0 and 1 for one output. */
function twoClasses(samples: number, sample: (i: number) => { point: number[]; label: number }): Data {
  const made = Array.from({ length: samples }, (_, i) => sample(i));
  return { inputs: made.map(({ point }) => point.map(rounded)), classes: made.map(({ label }) => label), classCount: 2 };
}

/** Three decimals, so that a person can read the request; adding 0 makes -0 a 0. */
function rounded(value: number): number {
  return Math.round(value * 1000) / 1000 + 0;
}

/** A request for the data, with as many inputs and outputs as they need. Weights stay where they fit; the loss fits the data. */
export function withData(request: GradientsRequest, data: Data): GradientsRequest {
  const { inputs, classes, classCount = 0, keepsClasses } = data;
  const targets = classes && classCount <= 2 && !keepsClasses ? classes.map((label) => [label]) : data.targets;
  const outputs = targets ? targets[0].length : classCount;
  const { units } = sizesOf(request);
  const sized = resized(request, { features: inputs[0].length, units: units.with(-1, outputs), samples: 1 });
  const { layers } = sized.network;
  const { activation: _, ...last } = layers[layers.length - 1];
  const loss = data.targets ? 'mse' : targets ? 'binary_cross_entropy_with_logits' : 'cross_entropy';
  return {
    network: { layers: layers.with(-1, last) },
    batch: targets ? { inputs, targets } : { inputs, classes: classes as number[] },
    loss,
  };
}

/** A request for the data with a new network of these hidden layers, whose weights differ from each other. */
export function networkFor(data: Data, hidden: readonly number[]): GradientsRequest {
  const one = { network: { layers: [{ weights: [[]], biases: [] }] }, batch: { inputs: [[0]], targets: [[0]] } };
  return withData(withSizes(one, [data.inputs[0].length, ...hidden, 1]), data);
}
