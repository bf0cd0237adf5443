// Shapes that would fit if a matrix were transposed, and targets in a form that the loss does not take.
import t from 'tap';
import { post, startApp } from '../support/app.ts';
import { fileOf, SAFETENSORS } from '../support/safetensors-file.ts';

const matrix = (rows: number, columns: number, value = 0.1) => Array.from({ length: rows }, () => Array(columns).fill(value));

interface Given {
  /** Rows and columns of the weights of each layer, and the number of its biases. */
  readonly layers: readonly (readonly [rows: number, columns: number, biases?: number])[];
  readonly inputs: number[][];
  readonly targets: number[] | number[][];
  readonly batch?: object;
  readonly loss?: unknown;
}

const requestOf = ({ layers, inputs, targets, batch, loss }: Given) => ({
  network: {
    layers: layers.map(([rows, columns, biases]) => ({
      weights: matrix(rows, columns),
      ...(biases && { biases: matrix(1, biases)[0] }),
    })),
  },
  batch: { inputs, targets, ...batch },
  ...(loss !== undefined && { loss }),
});

/** The network of all cases: 2 inputs, 3 hidden units, 4 outputs; or with its weights transposed. */
const right = [
  [3, 2, 3],
  [4, 3, 4],
] as const;
const transposed = [
  [2, 3, 3],
  [3, 4, 4],
] as const;
const columns = { samples: 'columns' };
const SAMPLES = '/batch/samples';
const weightsText = (rows: number, inputs: number) =>
  `expected ${rows} x ${inputs} weights, outputs x inputs, got ${inputs} x ${rows}: they are transposed, send weights.T`;
const bothTexts = {
  '/network/layers/0/weights': weightsText(3, 2),
  '/network/layers/1/weights': weightsText(4, 3),
};
const inColumns = 'expected "samples": "columns", since inputs and targets have one sample per column';
const inRows = 'expected "samples": "rows", or no samples, since inputs and targets have one sample per row';

const cases: Record<string, [given: Given, errors: Record<string, string>]> = {
  'kernels of Keras': [{ layers: transposed, inputs: matrix(5, 2), targets: matrix(5, 4) }, bothTexts],
  'kernels of Keras, class indices, sample and class weights': [
    {
      layers: transposed,
      inputs: matrix(3, 2),
      targets: [0, 3, 1],
      batch: { sample_weights: [1, 2, 3] },
      loss: { type: 'cross_entropy', weight: [1, 1, 2, 1] },
    },
    bothTexts,
  ],
  'one layer transposed': [
    { layers: [right[0], transposed[1]], inputs: matrix(5, 2), targets: matrix(5, 4) },
    { '/network/layers/1/weights': weightsText(4, 3) },
  ],
  'a square layer among transposed ones': [
    {
      layers: [
        [2, 3, 3],
        [3, 3, 3],
      ],
      inputs: matrix(5, 2),
      targets: matrix(5, 3),
    },
    { '/network/layers/0/weights': `${weightsText(3, 2)} (and of the square matrices, if they are transposed, too)` },
  ],
  'samples in columns': [{ layers: right, inputs: matrix(2, 5), targets: matrix(4, 5) }, { [SAMPLES]: inColumns }],
  'samples in columns, class indices': [
    { layers: right, inputs: matrix(2, 3), targets: [0, 1, 3], loss: 'nll' },
    { [SAMPLES]: 'expected "samples": "columns", since inputs have one sample per column' },
  ],
  'samples in columns, and kernels of Keras': [
    { layers: transposed, inputs: matrix(2, 5), targets: matrix(4, 5) },
    { ...bothTexts, [SAMPLES]: inColumns },
  ],
  'samples in rows, but "columns"': [
    { layers: right, inputs: matrix(5, 2), targets: matrix(5, 4), batch: columns },
    { [SAMPLES]: inRows },
  ],
  'inputs in columns': [
    { layers: right, inputs: matrix(2, 5), targets: matrix(5, 4) },
    { '/batch/inputs': 'expected 5 x 2, samples x features, got 2 x 5: the matrix is transposed, send inputs.T' },
  ],
  'targets in rows, but "columns"': [
    { layers: right, inputs: matrix(2, 5), targets: matrix(5, 4), batch: columns },
    { '/batch/targets': 'expected 4 x 5, outputs x samples, got 5 x 4: the matrix is transposed, send targets.T' },
  ],
  'targets that fit in no way': [
    { layers: right, inputs: matrix(5, 2), targets: matrix(5, 3) },
    { '/batch/targets': 'expected rows of 4 values, one per output of the last layer, got rows of 3' },
  ],
  'sample weights that fit in no way': [
    { layers: transposed, inputs: matrix(5, 2), targets: matrix(5, 4), batch: { sample_weights: [1] } },
    {
      '/network/layers/0/biases': 'expected 2 biases, one per row of weights, got 3',
      '/network/layers/1/weights': 'expected rows of 2 weights, one per output of layer 0, got rows of 4',
      '/network/layers/1/biases': 'expected 3 biases, one per row of weights, got 4',
      '/batch/inputs': 'expected rows of 3 values, one per input of layer 0, got rows of 2',
      '/batch/targets': 'expected rows of 3 values, one per output of the last layer, got rows of 4',
      '/batch/sample_weights': 'expected 5 weights, one per sample, got 1',
    },
  ],
  'wrong rows throughout': [
    { layers: [[1, 2]], inputs: matrix(30, 3), targets: matrix(30, 1) },
    { '/batch/inputs': 'expected rows of 2 values, one per input of layer 0, got rows of 3' },
  ],
  'wrong rows throughout, of one value': [
    { layers: [[1, 1]], inputs: matrix(30, 3), targets: matrix(30, 1) },
    { '/batch/inputs': 'expected rows of 1 value, one per input of layer 0, got rows of 3' },
  ],
  'one wrong row': [
    { layers: [[1, 2]], inputs: matrix(1, 3), targets: matrix(1, 1) },
    { '/batch/inputs/0': 'expected 2 values, one per input of layer 0, got 3' },
  ],
  'class indices in a column': [
    { layers: [[3, 1]], inputs: matrix(2, 1), targets: [[0], [2]], loss: 'cross_entropy' },
    { '/batch/targets': 'expected class indices as a flat list: [0, 2], or 3 probabilities per sample, got 2 x 1 numbers' },
  ],
  'class indices in a row, with "columns"': [
    { layers: [[3, 1]], inputs: matrix(1, 2), targets: [[0, 2]], loss: 'cross_entropy', batch: columns },
    { '/batch/targets': 'expected class indices as a flat list: [0, 2], or 3 probabilities per sample, got 1 x 2 numbers' },
  ],
  'class indices in a column, for nll': [
    { layers: [[3, 1]], inputs: matrix(2, 1), targets: [[0], [2]], loss: 'nll' },
    { '/batch/targets': 'expected a list of class indices for nll, got a matrix: write [0, 2]' },
  ],
  'one-hot rows for nll': [
    {
      layers: [[3, 1]],
      inputs: matrix(2, 1),
      targets: [
        [0, 0, 1],
        [1, 0, 0],
      ],
      loss: 'nll',
    },
    { '/batch/targets': 'expected a list of class indices for nll, got a matrix: write [2, 0]' },
  ],
  'one-hot columns for nll': [
    {
      layers: [[3, 1]],
      inputs: matrix(1, 2),
      targets: [
        [0, 1],
        [0, 0],
        [1, 0],
      ],
      loss: 'nll',
      batch: columns,
    },
    { '/batch/targets': 'expected a list of class indices for nll, got a matrix: write [2, 0]' },
  ],
  ...Object.fromEntries(
    [
      [
        [0.5, 0.5, 0],
        [1, 0, 0],
      ],
      [
        [1, 1, 0],
        [1, 0, 0],
      ],
      [
        [0, 0, 0],
        [1, 0, 0],
      ],
    ].map((targets, i) => [
      `rows for nll that are not one-hot: ${i}`,
      [
        { layers: [[3, 1]], inputs: matrix(2, 1), targets, loss: 'nll' },
        { '/batch/targets': 'expected a list of class indices for nll, got a matrix' },
      ],
    ]),
  ),
  'flat targets': [
    { layers: [[1, 1]], inputs: matrix(4, 1), targets: [1, 0, 2, 5] },
    { '/batch/targets': 'expected a matrix of targets for mse, one row per sample: [[1], [0], [2], ...], got a flat list' },
  ],
  'flat targets, with "columns"': [
    { layers: [[1, 1]], inputs: matrix(1, 2), targets: [1, 0], batch: columns },
    { '/batch/targets': 'expected a matrix of targets for mse, one row for the output: [[1, 0]], got a flat list' },
  ],
  'class indices for mse': [
    { layers: [[3, 1]], inputs: matrix(2, 1), targets: [2, 0] },
    {
      '/batch/targets':
        'expected a matrix of targets for mse, one row of 3 values per sample, got a flat list of 2; class indices are for cross_entropy and nll',
    },
  ],
  'flat targets for several outputs, with "columns"': [
    { layers: [[3, 1]], inputs: matrix(1, 2), targets: [1, 2, 3, 4, 5, 6], batch: columns },
    { '/batch/targets': 'expected a matrix of targets for mse, 3 rows, one per output, got a flat list of 6' },
  ],
  'classes from 1': [
    { layers: [[3, 1]], inputs: matrix(4, 1), targets: [1, 2, 3, -100], loss: 'cross_entropy' },
    { '/batch/targets': 'expected class indices from 0 to 2, got 1 to 3: subtract 1' },
  ],
  'labels 0 and 1': [
    { layers: [[1, 1]], inputs: matrix(3, 1), targets: [[0], [1], [0]], loss: 'soft_margin' },
    { '/batch/targets': 'expected -1 or 1, got 0 and 1: write -1 in place of 0' },
  ],
  'labels -1 and 1': [
    { layers: [[1, 1]], inputs: matrix(3, 1), targets: [[-1], [1], [-1]], loss: 'binary_cross_entropy_with_logits' },
    { '/batch/targets': 'expected 0 to 1, got -1 and 1: write 0 in place of -1' },
  ],
};

t.test('errors and their pointers, in JSON and in safetensors', async (t) => {
  const app = await startApp();
  for (const [name, [given, errors]] of Object.entries(cases)) {
    const request = requestOf(given);
    for (const [body, type] of [
      [request, 'application/json'],
      [fileOf(request), SAFETENSORS],
    ] as const) {
      const problem = (await post(app, body, { 'content-type': type })).json();
      const texts = problem.errors.map(({ pointer, detail }: { pointer: string; detail: string }) => [pointer, detail]);
      t.strictSame(Object.fromEntries(texts), errors, `${name}: ${type}`);
      t.equal(problem.status, 422, name);
    }
  }
});

t.test('at most 20 errors', async (t) => {
  const app = await startApp();
  const layers = Array.from({ length: 30 }, (_, k) => (k % 2 ? ([2, 3] as const) : ([3, 2] as const)));
  const request = requestOf({
    layers: layers.map(([rows, inputs]) => [inputs, rows]),
    inputs: matrix(4, 2),
    targets: matrix(4, 2),
  });
  t.equal((await post(app, request)).json().errors.length, 20);
});

t.test('a ragged matrix is not taken for a transposed one', async (t) => {
  const app = await startApp();
  const request = requestOf({ layers: transposed, inputs: [...matrix(4, 2), [1]], targets: matrix(5, 4) });
  t.match((await post(app, request)).json().errors[0], { pointer: '/network/layers/0/biases' });
  const [layer] = requestOf({ layers: [[3, 2]], inputs: [], targets: [] }).network.layers;
  const ragged = {
    network: { layers: [{ weights: [[1, 2, 3], ...layer.weights] }] },
    batch: { inputs: matrix(1, 2), targets: matrix(1, 4) },
  };
  t.strictSame((await post(app, ragged)).json().errors, [
    { pointer: '/network/layers/0/weights/0', detail: 'expected 2 weights, as many as most rows have, got 3' },
  ]);
  const noIndices = requestOf({ layers: [[3, 1]], inputs: matrix(2, 1), targets: [[0], [1, 2]], loss: 'nll' });
  t.strictSame((await post(app, noIndices)).json().errors, [
    { pointer: '/batch/targets', detail: 'expected a list of class indices for nll, got a matrix' },
  ]);
  const probabilities = { ...noIndices, loss: 'cross_entropy' };
  t.match((await post(app, probabilities)).json().errors, [{ pointer: '/batch/targets/0' }, { pointer: '/batch/targets/1' }]);
});
