// Datasets in JSON.
import t from 'tap';
import { at, keysIn, plain, refusalOf, startCatalog, upload } from './catalog.ts';

const put = (document: unknown, size = 1000) =>
  upload(Buffer.from(typeof document === 'string' ? document : JSON.stringify(document)), size, 'application/json');

t.test('numbers are what was uploaded', async (t) => {
  const cases = [
    {
      document: {
        inputs: [
          [1, 2],
          [3, 0.1],
        ],
        targets: [[1], [2]],
        sample_weights: [0, 1],
      },
      rows: { inputs: { shape: [2, 2], data: [1, 2, 3, 0.1] }, targets: { shape: [2, 1], data: [1, 2] }, sample_weights: [0, 1] },
    },
    {
      document: {
        inputs: [
          [1, 2],
          [3, 4],
        ],
        classes: [3, -100],
        samples: 'rows',
        targets: null,
      },
      rows: { inputs: { shape: [2, 2], data: [1, 2, 3, 4] }, classes: [3, -100] },
    },
    {
      document: {
        inputs: [
          [1, 2, 3],
          [4, 5, 6],
        ],
        targets: [[7, 8, 9]],
        samples: 'columns',
      },
      rows: { inputs: { shape: [3, 2], data: [1, 4, 2, 5, 3, 6] }, targets: { shape: [3, 1], data: [7, 8, 9] } },
    },
  ];
  for (const { document, rows } of cases)
    for (const size of [3, 1000]) {
      const { datasets, store } = startCatalog(t);
      const { dataset } = await datasets.put('', 'a', put(document, size), {});
      t.strictSame(plain(await datasets.read(dataset, 0, dataset.columns.inputs.shape[0])), rows);
      t.equal((await keysIn(store, 'objects/')).length, 1);
    }
});

t.test('a document longer than any reference', async (t) => {
  const { datasets } = startCatalog(t);
  const inputs = Array.from({ length: 150_000 }, (_, i) => [i % 10]);
  const { dataset } = await datasets.put('', 'a', put({ inputs }, 50_000), {});
  t.equal(dataset.bytes, 1_200_000);
  const rows = await datasets.read(dataset, 0, 150_000);
  t.ok(rows.inputs.data.every((number, i) => number === i % 10));
});

const two = [
  [1, 2],
  [3, 4],
];

const wrong: Record<string, [document: unknown, type: string, refused: object]> = {
  'no body': ['', 'malformed-body', { detail: 'the body is empty' }],
  'no JSON': [
    '{"url": ',
    'malformed-body',
    {
      detail: 'not JSON: line 1, column 9: value expected, at the end of the text',
      errors: [{ pointer: '/url', detail: 'not JSON: line 1, column 9: value expected, at the end of the text' }],
    },
  ],
  'a list': [[1], 'invalid-request', at('', 'expected an object, got a list')],
  'no arrays': [{}, 'invalid-request', at('/inputs', 'expected a list of lists, but the key is missing')],
  'a number': [{ inputs: 1 }, 'invalid-request', at('/inputs', 'expected a list of lists, got 1: write [[1]]')],
  'an unknown key': [
    { inputs: two, labels: [1, 2] },
    'invalid-request',
    at('/labels', 'unknown key "labels": it is targets here; there are inputs, targets, classes, sample_weights, samples'),
  ],
  'targets in a flat list': [
    { inputs: two, targets: [1, 2] },
    'invalid-request',
    at('/targets', 'expected one row per sample: [[1], [2]], got a flat list; class indices belong under the key classes'),
  ],
  'targets and classes': [
    { inputs: two, targets: two, classes: [1, 2] },
    'invalid-request',
    at('/classes', 'expected either targets or classes, got both'),
  ],
  'a class that is no integer': [
    { inputs: two, classes: [1, 1.5] },
    'invalid-request',
    at('/classes/1', 'expected an integer (a class index), got 1.5'),
  ],
  'a ragged matrix': [
    { inputs: [[1, 2], [3, 4], [5]] },
    'shape-mismatch',
    at('/inputs/2', 'expected 2 numbers, as many as row 0 has, got 1'),
  ],
  'fewer classes than samples': [
    { inputs: two, classes: [1] },
    'shape-mismatch',
    at('/classes', 'expected 2 samples, as many as inputs has, got 1'),
  ],
  'fewer targets than samples, as columns': [
    { inputs: [[1], [3]], targets: [[1, 2]], samples: 'columns' },
    'shape-mismatch',
    at('/targets', 'expected 1 sample, as many as inputs has, got 2'),
  ],
  'a weight below 0': [
    { inputs: two, sample_weights: [1, -2] },
    'invalid-request',
    at('/sample_weights/1', 'expected a finite number, at least 0, got -2'),
  ],
  'weights that are all 0': [
    { inputs: two, sample_weights: [0, 0] },
    'invalid-request',
    at('/sample_weights', 'expected at least one weight above 0, got only 0'),
  ],
  'a long document': [
    ' '.repeat(2 ** 20 + 1),
    'body-too-large',
    { detail: 'expected at most 1048576 bytes of JSON (BODY_LIMIT): send it as safetensors or CSV' },
  ],
};

t.test('what is wrong is refused, and leaves nothing behind', async (t) => {
  for (const [name, [document, type, refused]] of Object.entries(wrong)) {
    const { datasets, store } = startCatalog(t);
    t.strictSame(await refusalOf(datasets.put('', 'a', put(document), {})), { type, ...refused }, name);
    t.strictSame(await keysIn(store), [], name);
  }
});
