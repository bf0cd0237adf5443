// Datasets as safetensors files.
import { execFileSync } from 'node:child_process';
import t from 'tap';
import { missing } from '../support/languages.ts';
import { file, SAFETENSORS } from '../support/safetensors-file.ts';
import { keysIn, plain, refusalOf, safetensors, startCatalog, upload } from './catalog.ts';

const python = process.env.PYTHON ?? 'python3';
const numbers = (...values: number[]) => Float64Array.of(...values);
const inputs = numbers(1, 2, 3, 4, 5, 6.5);
const good = safetensors({
  inputs: ['F64', [3, 2], inputs],
  targets: ['F32', [3, 1], Float32Array.of(0.5, 1.5, -2)],
  sample_weights: ['F16', [3], Float16Array.of(0, 1, 2)],
});

t.test('rows are what was uploaded, however it is cut', async (t) => {
  for (const size of [1, 7, 64, good.length]) {
    const { datasets } = startCatalog(t);
    const { dataset } = await datasets.put('', 'a', upload(good, size), {});
    t.equal(dataset.bytes, good.length);
    t.strictSame(plain(await datasets.read(dataset, 0, 3)), {
      inputs: { shape: [3, 2], data: [...inputs] },
      targets: { shape: [3, 1], data: [0.5, 1.5, -2] },
      sample_weights: [0, 1, 2],
    });
    t.strictSame(plain(await datasets.read(dataset, 1, 2)), {
      inputs: { shape: [1, 2], data: [3, 4] },
      targets: { shape: [1, 1], data: [1.5] },
      sample_weights: [1],
    });
  }
});

t.test('rows are in shared memory', async (t) => {
  const { datasets } = startCatalog(t);
  const { dataset } = await datasets.put('', 'a', upload(good), {});
  const rows = await datasets.read(dataset, 0, 3);
  t.ok(rows.inputs.data.buffer instanceof SharedArrayBuffer);
  t.ok(rows.sample_weights?.buffer instanceof SharedArrayBuffer);
});

t.test('every dtype, and strings in the header', async (t) => {
  const cases: [dtype: string, stored: ArrayBufferView, read: number[]][] = [
    ['F64', numbers(0.1, -0), [0.1, -0]],
    ['F32', Float32Array.of(0.5, -3), [0.5, -3]],
    ['F16', Float16Array.of(0.5, 65504), [0.5, 65504]],
    ['BF16', Uint16Array.of(0x3fc0, 0xc000), [1.5, -2]],
    ['I32', Int32Array.of(-(2 ** 31), 7), [-(2 ** 31), 7]],
    ['I16', Int16Array.of(-300, 7), [-300, 7]],
    ['I8', Int8Array.of(-3, 7), [-3, 7]],
    ['U8', Uint8Array.of(255, 7), [255, 7]],
    ['BOOL', Uint8Array.of(2, 0), [1, 0]],
  ];
  const { datasets } = startCatalog(t);
  for (const [dtype, stored, read] of cases) {
    const tensors = { inputs: [dtype, [2, 1], stored] as [string, number[], ArrayBufferView] };
    const { dataset } = await datasets.put('', 'a', upload(safetensors(tensors), 3), {});
    t.strictSame(plain(await datasets.read(dataset, 0, 2)), { inputs: { shape: [2, 1], data: read } }, dtype);
  }
  const classes = { inputs: ['F64', [2, 1], numbers(1, 2)], classes: ['I64', [2], BigInt64Array.of(3n, -100n)] } as const;
  const { dataset } = await datasets.put('', 'a', upload(safetensors(classes as never)), {});
  t.strictSame((await datasets.read(dataset, 0, 2)).classes, numbers(3, -100));
  const floats = { ...classes, classes: ['F32', [2], Float32Array.of(3, 1)] } as const;
  const { dataset: other } = await datasets.put('', 'a', upload(safetensors(floats as never)), {});
  t.strictSame((await datasets.read(other, 1, 2)).classes, numbers(1));
});

t.test('a column that is widened in several chunks', async (t) => {
  const { datasets } = startCatalog(t, { DATASET_LIMIT: 2 ** 24, STORE_LIMIT: 2 ** 24 });
  const long = Int16Array.from({ length: 2 ** 22 }, (_, i) => i % 1000);
  const { dataset } = await datasets.put('', 'a', upload(safetensors({ inputs: ['I16', [2 ** 21, 2], long] }), 100_000), {});
  const { inputs } = await datasets.read(dataset, 1, 2 ** 21);
  t.ok(inputs.data.every((number, i) => number === (i + 2) % 1000));
  t.equal(inputs.data.length, 2 ** 22 - 2);
});

const one = numbers(1);
const two = { inputs: ['F64', [2, 2], numbers(1, 2, 3, 4)] as [string, number[], ArrayBufferView] };
const described = (dtype: string, shape: number[], data: ArrayBufferView): [string, number[], ArrayBufferView] => [
  dtype,
  shape,
  data,
];

const wrong: Record<string, [body: Buffer, type: string, detail: string]> = {
  'unknown names': [
    safetensors({ X: described('F64', [1, 1], one) }),
    'invalid-request',
    'X: a dataset has no such array: it is inputs here; there are inputs, targets, classes, sample_weights',
  ],
  'a misspelt name': [
    safetensors({ sample_weigths: described('F64', [1], one) }),
    'invalid-request',
    'sample_weigths: a dataset has no such array, nearest is "sample_weights"; there are inputs, targets, classes, sample_weights',
  ],
  'no inputs': [
    safetensors({ targets: described('F64', [1, 1], one) }),
    'invalid-request',
    'inputs: expected an array of samples x features, but there is none',
  ],
  'targets and classes': [
    safetensors({ ...two, targets: described('F64', [2, 1], numbers(1, 2)), classes: described('U8', [2], Uint8Array.of(0, 1)) }),
    'invalid-request',
    'classes: expected either targets or classes, got both',
  ],
  'targets of one dimension': [
    safetensors({ ...two, targets: described('F64', [2], numbers(1, 2)) }),
    'invalid-request',
    'targets: expected an array of 2 dimensions, got one of the shape [2]: write it as [2, 1], in NumPy targets[:, None], or name it ' +
      'classes if it has class indices',
  ],
  'inputs of one dimension': [
    safetensors({ inputs: described('F64', [2], numbers(1, 2)) }),
    'invalid-request',
    'inputs: expected an array of 2 dimensions, got one of the shape [2]: write it as [2, 1], in NumPy inputs[:, None], if each ' +
      'sample has one feature',
  ],
  'inputs of three dimensions': [
    safetensors({ inputs: described('F64', [1, 1, 1], one) }),
    'invalid-request',
    'inputs: expected an array of 2 dimensions, got one of the shape [1, 1, 1]',
  ],
  'inputs without dimensions': [
    safetensors({ inputs: described('F64', [], one) }),
    'invalid-request',
    'inputs: expected an array of 2 dimensions, got one of the shape []',
  ],
  'classes of two dimensions': [
    safetensors({ ...two, classes: described('U8', [2, 1], Uint8Array.of(0, 1)) }),
    'invalid-request',
    'classes: expected an array of 1 dimension, got one of the shape [2, 1]: write it as [2], in NumPy classes[:, 0]',
  ],
  'classes as rows': [
    safetensors({ ...two, classes: described('U8', [2, 2], Uint8Array.of(0, 1, 1, 0)) }),
    'invalid-request',
    'classes: expected an array of 1 dimension, got one of the shape [2, 2]',
  ],
  'no samples': [
    safetensors({ inputs: described('F64', [0, 2], numbers()) }),
    'invalid-request',
    'inputs: expected an array with at least 1 item in each dimension, got one of the shape [0, 2]',
  ],
  'integers of 64 bits that are no classes': [
    safetensors({ inputs: described('I64', [1, 1], BigInt64Array.of(1n)) }),
    'invalid-request',
    'inputs: expected a floating-point dtype, such as F64, got I64, which is for classes',
  ],
  'more targets than inputs': [
    safetensors({ ...two, targets: described('F64', [3, 1], numbers(1, 2, 3)) }),
    'shape-mismatch',
    'targets: expected 2 samples, as many as inputs has, got 3',
  ],
  'a number that is none': [
    safetensors({ inputs: described('F64', [2, 2], numbers(1, 2, Number.NaN, 4)) }),
    'invalid-request',
    '/inputs/1/0: expected a finite number, got NaN',
  ],
  'an infinite number in F16': [
    safetensors({ ...two, targets: described('F16', [2, 1], Float16Array.of(1, Number.POSITIVE_INFINITY)) }),
    'invalid-request',
    '/targets/1/0: expected a finite number, got Infinity',
  ],
  'a class that is no integer': [
    safetensors({ ...two, classes: described('F64', [2], numbers(1, 1.5)) }),
    'invalid-request',
    '/classes/1: expected an integer, got 1.5',
  ],
  'a weight below 0': [
    safetensors({ ...two, sample_weights: described('F64', [2], numbers(1, -1)) }),
    'invalid-request',
    '/sample_weights/1: expected a finite number, at least 0, got -1',
  ],
  'an infinite weight': [
    safetensors({ ...two, sample_weights: described('F64', [2], numbers(Number.POSITIVE_INFINITY, 1)) }),
    'invalid-request',
    '/sample_weights/0: expected a finite number, at least 0, got Infinity',
  ],
  'weights that are all 0': [
    safetensors({ ...two, sample_weights: described('I8', [2], Int8Array.of(0, 0)) }),
    'invalid-request',
    'sample_weights: expected at least one weight above 0, got only 0',
  ],
  'a body cut off in the data': [
    good.subarray(0, -1),
    'malformed-body',
    `the file is cut off: it should have ${good.length} bytes, and has ${good.length - 1}`,
  ],
  'a body cut off in the header': [
    good.subarray(0, 20),
    'malformed-body',
    `the header is cut off: it should have ${good.readUInt32LE()} bytes, and 12 follow`,
  ],
  'a body cut off in the length': [
    good.subarray(0, 3),
    'malformed-body',
    'expected 8 bytes with the length of the header, got 3',
  ],
  'no body': [Buffer.alloc(0), 'malformed-body', 'the body is empty'],
  'a byte too many': [
    Buffer.concat([safetensors(two), Buffer.alloc(1)]),
    'malformed-body',
    "a hole: the bytes from 32 on are no tensor's",
  ],
  'a header too long for a dataset': [
    file(`{"__metadata__":{"a":"${'x'.repeat(2 ** 20)}"}}`, Buffer.alloc(0)),
    'malformed-body',
    'the header is too long: 1048608 bytes, more than the 1048576 of a dataset',
  ],
  'an overlap': [
    file(
      {
        inputs: { dtype: 'F64', shape: [1, 1], data_offsets: [0, 8] },
        targets: { dtype: 'F64', shape: [1, 1], data_offsets: [0, 8] },
      },
      Buffer.alloc(8),
    ),
    'malformed-body',
    '"targets" overlaps "inputs": it begins at byte 0, before byte 8',
  ],
  'another format': [
    Buffer.from('{"inputs": [[1, 2]]}'),
    'malformed-body',
    'the body is JSON, not safetensors: send Content-Type: application/json',
  ],
};

t.test('what is wrong is refused, leaves nothing behind, and is read no further', async (t) => {
  for (const [name, [body, type, detail]] of Object.entries(wrong))
    for (const size of [5, Math.max(1, body.length)]) {
      const { datasets, store } = startCatalog(t);
      t.strictSame(await refusalOf(datasets.put('', 'a', upload(body, size), {})), { type, detail }, name);
      t.strictSame(await keysIn(store), [], name);
    }
  const { datasets } = startCatalog(t);
  const long = safetensors({ inputs: ['F64', [100, 1], new Float64Array(100).fill(Number.NaN)] });
  const sent = upload(long, 80);
  t.match(await refusalOf(datasets.put('', 'a', sent, {})), { detail: '/inputs/0/0: expected a finite number, got NaN' });
  t.equal(sent.counter.taken, 2);
});

t.test('a file of the official library', { skip: await missing('numpy') }, async (t) => {
  const script = `
import sys, numpy, safetensors.numpy as s
X = numpy.arange(6, dtype=numpy.float32).reshape(3, 2) / 3
sys.stdout.buffer.write(s.save({"inputs": X, "classes": numpy.array([2, 0, 1])}, metadata={"made": "by hand"}))`;
  const body = execFileSync(python, ['-c', script]);
  const { datasets } = startCatalog(t);
  const { dataset } = await datasets.put('', 'a', upload(body, 11, SAFETENSORS), {});
  t.strictSame(plain(await datasets.read(dataset, 0, 3)), {
    inputs: { shape: [3, 2], data: [0, 1, 2, 3, 4, 5].map((i) => Math.fround(Math.fround(i) / 3)) },
    classes: [2, 0, 1],
  });
});
