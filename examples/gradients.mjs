// node examples/gradients.mjs [URL]: the article's example, with fetch and nothing else.
const [url = 'http://127.0.0.1:3000'] = process.argv.slice(2);
const layers = [
  { weights: Array(3).fill([0.1, 0.1]), biases: [0.1, 0.1, 0.1], activation: 'tanh' },
  { weights: Array(3).fill([0.1, 0.1, 0.1]), biases: [0.1, 0.1, 0.1], activation: 'tanh' },
  { weights: Array(2).fill([0.1, 0.1, 0.1]), biases: [0.1, 0.1] },
];
const batch = {
  inputs: [
    [3, 2],
    [4, 5],
  ],
  targets: [
    [2, 1],
    [2, 2],
  ],
  samples: 'columns',
};
const body = JSON.stringify({ network: { layers }, batch, loss: 'mse' });
const headers = { 'Content-Type': 'application/json' };
const answer = await (await fetch(`${url}/gradients`, { method: 'POST', headers, body })).json();
console.log(answer.loss, answer.gradients[2].biases);
