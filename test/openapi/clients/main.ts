// A program by someone who has generated a client with openapi-generator (typescript-fetch), and writes by the types that it offers.

import type { LeakyReluActivation } from './client/index.js';
import {
  Configuration,
  Extra,
  GradientsApi,
  type GradientsRequest,
  type HuberLoss,
  Reduction,
  ResponseError,
} from './client/index.js';

const api = new GradientsApi(new Configuration({ basePath: process.argv[2] }));

async function answer(gradientsRequest: GradientsRequest): Promise<void> {
  console.log(JSON.stringify(await api.gradients({ gradientsRequest })));
}

const article: GradientsRequest = {
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
};
await answer(article);
const leaky: LeakyReluActivation = { type: 'leaky_relu', negative_slope: 0.2 };
const huber: HuberLoss = { type: 'huber', delta: 0.5, reduction: Reduction.Sum };
await answer({
  network: { layers: [{ weights: [[0.5, -1.5]], biases: [0.25], activation: leaky }] },
  batch: { inputs: [[1, 2]], targets: [[0.5]] },
  loss: huber,
  include: [Extra.Trace],
});
article.batch.inputs.pop();
try {
  await answer(article);
} catch (error) {
  if (!(error instanceof ResponseError)) throw error;
  console.log(JSON.stringify(await error.response.json()));
}
