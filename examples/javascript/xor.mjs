// A 2-2-1 network learns XOR by gradient descent with momentum; the gradients come from the service.
//
//     node xor.mjs
import { fail, gradients } from './gradients.mjs';

const RATE = 0.5;
const MOMENTUM = 0.9;
const STEPS = 200;

const layers = [
  { weights: [[0.8, -0.5], [-0.3, 0.6]], biases: [0.1, -0.1], activation: 'tanh' },
  { weights: [[0.7, 0.4]], biases: [0], activation: 'sigmoid' },
];
// One sample per row.
const batch = { inputs: [[0, 0], [0, 1], [1, 0], [1, 1]], targets: [[0], [1], [1], [0]] };

/** Zeros in the shape of a list, or list of lists, of numbers. */
const zerosLike = (values) => values.map((value) => (Array.isArray(value) ? zerosLike(value) : 0));

/** Takes one step: velocity ← momentum · velocity − rate · gradient, values ← values + velocity. */
function descend(values, velocity, gradient) {
  gradient.forEach((slope, i) => {
    if (Array.isArray(slope)) descend(values[i], velocity[i], slope);
    else {
      velocity[i] = MOMENTUM * velocity[i] - RATE * slope;
      values[i] += velocity[i];
    }
  });
}

async function main() {
  const request = { network: { layers }, batch, loss: 'binary_cross_entropy' };
  const velocities = layers.map(({ weights, biases }) => ({ weights: zerosLike(weights), biases: zerosLike(biases) }));
  for (let step = 0; step < STEPS; step++) {
    const answer = await gradients(request);
    if (step % 50 === 0) console.log(`step ${step}: loss ${answer.loss}`);
    for (const [k, layer] of layers.entries()) {
      for (const name of ['weights', 'biases']) descend(layer[name], velocities[k][name], answer.gradients[k][name]);
    }
  }
  const { loss, outputs } = await gradients({ ...request, include: ['outputs'] });
  console.log(`loss after ${STEPS} steps: ${loss}`);
  for (const [i, [a, b]] of batch.inputs.entries()) console.log(`${a} xor ${b}: ${outputs[i][0].toFixed(4)}`);
}

await main().catch(fail);
