// The requests that the page offers to start from. Their weights are the same each time.
import { examples } from '../../../schemas/examples.ts';
import type { GradientsRequest } from '../../../schemas/gradients.ts';
import type { Dictionary } from '../text/en.ts';
import { type Random, seeded } from '../train/random.ts';
import { digits } from './digit-drawings.ts';

export interface PageExample {
  /** Its texts have this key in the dictionary. */
  readonly name: keyof Dictionary['request']['exampleTexts'];
  readonly request: GradientsRequest;
}

export const pageExamples: readonly PageExample[] = [
  {
    name: 'article',
    request: examples.article.request,
  },
  {
    name: 'xor',
    request: xor(),
  },
  {
    name: 'digits',
    request: classifier(),
  },
  {
    name: 'vanishing',
    request: deep({ activation: 'sigmoid', hidden: 9, bound: 0.3536, biasBound: 0.3536, seed: 1 }),
  },
  {
    name: 'exploding',
    request: deep({ activation: 'tanh', hidden: 11, bound: 4, biasBound: 0.5, seed: 6 }),
  },
];

let jsons: readonly string[] | undefined;

/** An example by its identity, which is not kept; anything else as it is. */
export function sameExample(request: unknown): unknown {
  jsons ??= pageExamples.map((example) => JSON.stringify(example.request));
  return pageExamples[jsons.indexOf(JSON.stringify(request))]?.request ?? request;
}

/** Weights from a training by gradient descent that was stopped early. */
function xor(): GradientsRequest {
  return {
    network: {
      layers: [
        {
          weights: [
            [-1.12, -0.21],
            [-1.42, 0.14],
            [-3.8, -3.86],
            [0.67, -1.96],
          ],
          biases: [-0.82, -0.06, 0.73, -0.63],
          activation: 'sigmoid',
        },
        { weights: [[0.67, 1.4, -4.25, 1.99]], biases: [-0.37] },
      ],
    },
    batch: {
      inputs: [
        [0, 0],
        [0, 1],
        [1, 0],
        [1, 1],
      ],
      targets: [[0], [1], [1], [0]],
    },
    loss: 'binary_cross_entropy_with_logits',
  };
}

/** Ten hidden units that each compare with one digit, six random ones, and an output per digit. */
function classifier(): GradientsRequest {
  const random = seeded(7);
  const ink = digits[0].map((_, pixel) => digits.reduce((sum, digit) => sum + digit[pixel], 0) / digits.length);
  const templates = digits.map((digit) => template(digit, ink));
  const biases = templates.map((weights) => rounded(-weights.reduce((sum, weight, pixel) => sum + weight * ink[pixel], 0)));
  const outputs = digits.map((_, digit) => [
    ...digits.map((_, other) => (digit === other ? 2.4 : -0.1)),
    ...list(6, 0.1, random),
  ]);
  const smudged = digits.slice(0, 4).map((digit) => digit.map((pixel) => (random() < 0.06 ? 1 - pixel : pixel)));
  return {
    network: {
      layers: [
        { weights: [...templates, ...matrix(6, 64, 0.1, random)], biases: [...biases, 0, 0, 0, 0, 0, 0], activation: 'relu' },
        { weights: outputs, biases: digits.map(() => 0) },
      ],
    },
    batch: {
      inputs: [...digits, ...smudged, digits[7]].map((pixels) => [...pixels]),
      targets: [...digits.keys(), 0, 1, 2, 3, 1],
    },
    loss: 'cross_entropy',
  };
}

/** Weights that answer 2.5 to a digit, and 0 to the mean of all. */
function template(digit: readonly number[], ink: readonly number[]): number[] {
  const contrast = digit.map((pixel, at) => pixel - ink[at]);
  const square = contrast.reduce((sum, value) => sum + value * value, 0);
  return contrast.map((value) => rounded((2.5 * value) / square));
}

interface Deep {
  readonly activation: 'sigmoid' | 'tanh';
  readonly hidden: number;
  readonly bound: number;
  readonly biasBound: number;
  readonly seed: number;
}

/** Hidden layers of eight units, one output, eight samples. */
function deep({ activation, hidden, bound, biasBound, seed }: Deep): GradientsRequest {
  const random = seeded(seed);
  const layers = Array.from({ length: hidden }, () => ({
    weights: matrix(8, 8, bound, random),
    biases: list(8, biasBound, random),
    activation,
  }));
  return {
    network: { layers: [...layers, { weights: matrix(1, 8, bound, random), biases: [0] }] },
    batch: { inputs: matrix(8, 8, 1, random), targets: matrix(8, 1, 1, random) },
  };
}

function matrix(rows: number, columns: number, bound: number, random: Random): number[][] {
  return Array.from({ length: rows }, () => list(columns, bound, random));
}

/** Numbers spread evenly from -bound to bound. */
function list(length: number, bound: number, random: Random): number[] {
  return Array.from({ length }, () => rounded((2 * random() - 1) * bound));
}

/** Four decimals, so that a person can read the request; adding 0 makes -0 a 0, as it would be in JSON. */
function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4 + 0;
}
