// The gradients of a classifier: class indices, sample weights, and an activation and a loss with options.
//
//     node classes.mjs
import { fail, gradients } from './gradients.mjs';

const request = {
  network: {
    layers: [
      {
        weights: [[0.2, -0.4], [0.6, 0.1], [-0.3, 0.5]],
        biases: [0.1, 0, -0.1],
        activation: { type: 'leaky_relu', negative_slope: 0.2 },
      },
      { weights: [[0.7, -0.2, 0.3], [-0.5, 0.4, 0.1], [0.2, 0.6, -0.8]], biases: [0, 0.1, 0.2] },
    ],
  },
  batch: { inputs: [[1, 2], [-1, 0.5], [0, -2], [3, 1]], classes: [0, 2, 1, 2], sample_weights: [1, 0.5, 2, 1] },
  loss: { type: 'cross_entropy', label_smoothing: 0.1 },
};

async function main() {
  const answer = await gradients(request);
  console.log(`loss: ${answer.loss}`);
  console.log(`divisor: ${answer.divisor}`);
  console.log(`biases of the last layer: ${JSON.stringify(answer.gradients.at(-1).biases)}`);
}

await main().catch(fail);
