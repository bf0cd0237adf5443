// What a step does with the gradients: gradient descent, momentum and Adam, as torch.optim.SGD and torch.optim.Adam with their defaults.
import type { GradientsRequest } from '../../../schemas/gradients.ts';

export const optimizers = ['gradient_descent', 'momentum', 'adam'] as const;
export type Optimizer = (typeof optimizers)[number];

type Layers = GradientsRequest['network']['layers'];

/** The numbers of a layer, without its activation. */
export interface Parameters {
  readonly weights: number[][];
  readonly biases?: number[];
}

/** What an optimizer remembers of the steps before, per layer. */
export interface Memory {
  /** How many steps it has made. */
  readonly steps: number;
  /** The velocity of momentum; Adam's mean of the gradients. */
  readonly first?: readonly Parameters[];
  /** Adam's mean of their squares. */
  readonly second?: readonly Parameters[];
}

export const NO_MEMORY: Memory = { steps: 0 };

/** SGD(momentum=0.9), Adam(betas=(0.9, 0.999), eps=1e-8). */
const MOMENTUM = 0.9;
const BETA_1 = 0.9;
const BETA_2 = 0.999;
const EPSILON = 1e-8;

/** The layers after a step of size `rate`, and what to remember for the next one. */
export function stepped(
  layers: Layers,
  gradients: readonly Parameters[],
  { optimizer, rate }: { readonly optimizer: Optimizer; readonly rate: number },
  memory: Memory,
): { layers: Layers; memory: Memory } {
  const steps = memory.steps + 1;
  const zeros = () => combined(gradients, gradients, () => 0);
  if (optimizer === 'gradient_descent') return { layers: moved(layers, gradients, (w, g) => w - rate * g), memory: { steps } };
  if (optimizer === 'momentum') {
    const first = combined(memory.first ?? zeros(), gradients, (v, g) => MOMENTUM * v + g);
    return { layers: moved(layers, first, (w, v) => w - rate * v), memory: { steps, first } };
  }
  const first = combined(memory.first ?? zeros(), gradients, (m, g) => m + (1 - BETA_1) * (g - m));
  const second = combined(memory.second ?? zeros(), gradients, (v, g) => BETA_2 * v + (1 - BETA_2) * g * g);
  const size = rate / (1 - BETA_1 ** steps);
  const correction = Math.sqrt(1 - BETA_2 ** steps);
  const directions = combined(first, second, (m, v) => m / (Math.sqrt(v) / correction + EPSILON));
  return { layers: moved(layers, directions, (w, d) => w - size * d), memory: { steps, first, second } };
}

function moved(layers: Layers, by: readonly Parameters[], step: (w: number, d: number) => number): Layers {
  const after = combined(layers, by, step);
  return layers.map((layer, k) => ({ ...layer, ...after[k] }));
}

/** Number by number, of two lists of layers of the same shapes. */
function combined(a: readonly Parameters[], b: readonly Parameters[], f: (x: number, y: number) => number): Parameters[] {
  return a.map(({ weights, biases }, k) => ({
    weights: weights.map((row, i) => row.map((x, j) => f(x, b[k].weights[i][j]))),
    ...(biases && { biases: biases.map((x, i) => f(x, (b[k].biases as number[])[i])) }),
  }));
}
