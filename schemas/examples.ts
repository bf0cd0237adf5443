// Requests with their answers, for the documentation. A test posts each request and compares the answer.
import type { GradientsAnswer, GradientsRequest } from './gradients.ts';

interface Example {
  readonly summary: string;
  readonly request: GradientsRequest;
  readonly answer: GradientsAnswer;
}

export const examples = {
  article: {
    summary: "The article's example: a 2-3-3-2 network, samples in columns",
    request: {
      network: {
        layers: [
          {
            weights: [
              [0.1, 0.1],
              [0.1, 0.1],
              [0.1, 0.1],
            ],
            biases: [0.1, 0.1, 0.1],
            activation: 'tanh',
          },
          {
            weights: [
              [0.1, 0.1, 0.1],
              [0.1, 0.1, 0.1],
              [0.1, 0.1, 0.1],
            ],
            biases: [0.1, 0.1, 0.1],
            activation: 'tanh',
          },
          {
            weights: [
              [0.1, 0.1, 0.1],
              [0.1, 0.1, 0.1],
            ],
            biases: [0.1, 0.1],
          },
        ],
      },
      batch: {
        inputs: [
          [3, 2],
          [4, 5],
        ],
        targets: [
          [2, 1],
          [2, 2],
        ],
        samples: 'columns',
      },
    },
    answer: {
      loss: 2.629915324247322,
      gradients: [
        {
          weights: [
            [-0.1238277784070517, -0.21214121445862963],
            [-0.1238277784070517, -0.21214121445862963],
            [-0.1238277784070517, -0.21214121445862963],
          ],
          biases: [-0.04799557040938304, -0.04799557040938304, -0.04799557040938304],
        },
        {
          weights: [
            [-0.190027898266826, -0.190027898266826, -0.190027898266826],
            [-0.190027898266826, -0.190027898266826, -0.190027898266826],
            [-0.190027898266826, -0.190027898266826, -0.190027898266826],
          ],
          biases: [-0.286170746523834, -0.286170746523834, -0.286170746523834],
        },
        {
          weights: [
            [-0.38149376504636706, -0.38149376504636706, -0.38149376504636706],
            [-0.5267889810452864, -0.5267889810452864, -0.5267889810452864],
          ],
          biases: [-1.3128228704006484, -1.8128228704006484],
        },
      ],
      divisor: 4,
    },
  },
  classification: {
    summary: 'Class indices, class weights, and what each sample contributes',
    request: {
      network: {
        layers: [
          {
            weights: [
              [0.5, -0.2],
              [0.1, 0.4],
            ],
            biases: [0, 0.1],
            activation: 'relu',
          },
          {
            weights: [
              [0.3, -0.6],
              [-0.1, 0.2],
              [0.7, 0.5],
            ],
          },
        ],
      },
      batch: {
        inputs: [
          [1, 2],
          [-1, 0.5],
          [2, -1],
        ],
        classes: [2, 0, -100],
        sample_weights: [1, 0.5, 1],
      },
      loss: { type: 'cross_entropy', weight: [1, 1, 2], label_smoothing: 0.1 },
      include: ['outputs', 'per_sample_losses', 'gradient_norms'],
    },
    answer: {
      loss: 0.8078230701200848,
      gradients: [
        {
          weights: [
            [-0.24452704537980002, -0.48905409075960005],
            [-0.3158722136358686, -0.33280232052683906],
          ],
          biases: [-0.24452704537980002, -0.0767185282399501],
        },
        {
          weights: [
            [0.011010287254787818, 0.0848567667253258],
            [0.025060737045081077, 0.2634585300015302],
            [-0.03607102429986891, -0.34831529672685607],
          ],
        },
      ],
      divisor: 2.5,
      outputs: [
        [-0.57, 0.19, 0.57],
        [-0.12, 0.04000000000000001, 0.1],
        [0.36, -0.12, 0.84],
      ],
      per_sample_losses: [0.5577222784962707, 0.2501007916238142, 0],
      gradient_norms: {
        layers: [{ weights: 0.7137927006534506, biases: 0.25627955146183395 }, { weights: 0.4471968242108599 }],
        total: 0.8804341131441376,
      },
    },
  },
  trace: {
    summary: 'Every value of the forward and the backward pass, and options of an activation',
    request: {
      network: { layers: [{ weights: [[0.5, -1.5]], biases: [0.25], activation: { type: 'leaky_relu', negative_slope: 0.2 } }] },
      batch: { inputs: [[1, 2]], targets: [[0.5]] },
      loss: { type: 'huber', delta: 0.5, reduction: 'sum' },
      include: ['input_gradients', 'per_sample_gradients', 'trace'],
    },
    answer: {
      loss: 0.35,
      gradients: [{ weights: [[-0.1, -0.2]], biases: [-0.1] }],
      divisor: 1,
      input_gradients: [[-0.05, 0.15000000000000002]],
      per_sample_gradients: [{ weights: [[[-0.1, -0.2]]], biases: [[-0.1]] }],
      trace: [
        {
          inputs: [[1, 2]],
          pre_activations: [[-2.25]],
          outputs: [[-0.45]],
          output_gradients: [[-0.5]],
          pre_activation_gradients: [[-0.1]],
          input_gradients: [[-0.05, 0.15000000000000002]],
          slopes: [[0.2]],
        },
      ],
    },
  },
} satisfies Record<string, Example>;
