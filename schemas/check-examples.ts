// Checks with their answers, for the documentation. A test posts each request and compares the answer.
import type { CheckAnswer, CheckRequest } from './check.ts';
import { lineOf } from './mistake.ts';

interface Example {
  readonly summary: string;
  readonly request: CheckRequest;
  readonly answer: CheckAnswer;
}

/** What the candidates were computed for. */
const computed: Omit<CheckRequest, 'candidate'> = {
  network: {
    layers: [
      {
        weights: [
          [0.5, -0.25],
          [1, 0.75],
        ],
        biases: [0.1, -0.2],
        activation: 'tanh',
      },
      { weights: [[1, -1]], biases: [0.5] },
    ],
  },
  batch: {
    inputs: [
      [1, 2],
      [-1, 0.5],
    ],
    targets: [[1], [-1]],
  },
};

export const checkExamples = {
  wrong: {
    summary: "tanh' computed from the pre-activations",
    request: {
      ...computed,
      candidate: {
        loss: 2.39139329802,
        gradients: [
          {
            weights: [
              [-2.59533239174, -2.11889409819],
              [-5.38030365144, -12.1149427819],
            ],
            biases: [-0.137915843514, -6.46377203465],
          },
          { weights: [[-0.954404853754, -2.50262879525]], biases: [0.315803900841] },
        ],
      },
    },
    answer: {
      agrees: false,
      checks: [
        { pointer: '/candidate/loss', agrees: true, relative_error: 6.130060174241979e-13 },
        { pointer: '/candidate/gradients/1/weights', agrees: true, relative_error: 1.1713414629371728e-12 },
        { pointer: '/candidate/gradients/1/biases', agrees: true, relative_error: 9.05077223328521e-13 },
        {
          pointer: '/candidate/gradients/0/weights',
          agrees: false,
          relative_error: 4.407107184925094,
          ratio: null,
          worst: { index: [1, 1], candidate: -12.1149427819, right: -0.34969300341399323 },
        },
        {
          pointer: '/candidate/gradients/0/biases',
          agrees: false,
          relative_error: 6.493373360617425,
          ratio: null,
          worst: { index: [1], candidate: -6.46377203465, right: -0.862598421776412 },
        },
      ],
      first_difference: '/candidate/gradients/0/weights',
      diagnoses: [
        {
          mistake: 'derivative-at-pre-activation',
          pointer: '/network/layers/0/activation',
          explains: ['/candidate/gradients/0/weights', '/candidate/gradients/0/biases'],
          detail: "tanh' was computed as 1 - z^2; it is 1 - a^2 with a = tanh(z)",
          ...lineOf('derivative-at-pre-activation'),
          residual: 1.281358294380991e-12,
          alternatives: [],
        },
      ],
    },
  },
  right: {
    summary: 'Right gradients',
    request: {
      ...computed,
      candidate: {
        gradients: [
          {
            weights: [
              [-2.66960826792, -2.08198493452],
              [0.971406698409, -0.349693003414],
            ],
            biases: [-0.0638229868667, -0.862598421776],
          },
          { weights: [[-0.954404853754, -2.50262879525]], biases: [0.315803900841] },
        ],
      },
    },
    answer: {
      agrees: true,
      checks: [
        { pointer: '/candidate/gradients/1/weights', agrees: true, relative_error: 1.1713414629371728e-12 },
        { pointer: '/candidate/gradients/1/biases', agrees: true, relative_error: 9.05077223328521e-13 },
        { pointer: '/candidate/gradients/0/weights', agrees: true, relative_error: 1.2947016840624025e-12 },
        { pointer: '/candidate/gradients/0/biases', agrees: true, relative_error: 4.776310204578466e-13 },
      ],
      first_difference: null,
      diagnoses: [],
    },
  },
} satisfies Record<string, Example>;
