// Datasets that lie elsewhere: safetensors and .npy files by reference.
import { execFileSync } from 'node:child_process';
import t from 'tap';
import { missing } from '../support/languages.ts';
import { at, keysIn, plain, refusalOf, safetensors, startCatalog, upload } from './catalog.ts';

const python = process.env.PYTHON ?? 'python3';

const put = (document: unknown) => upload(Buffer.from(JSON.stringify(document)), 1000, 'application/json');

/** A .npy file; `header` is that of its version. */
function npy(descr: string, shape: string, data: ArrayBufferView, { order = 'False', version = 1, header = '' } = {}): Buffer {
  const text = header || `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }`;
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  length.writeUIntLE(text.length, 0, length.length);
  const bytes = Buffer.from(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  return Buffer.concat([Buffer.from('\x93NUMPY', 'latin1'), Buffer.of(version, 0), length, Buffer.from(text), bytes]);
}

const numbers = (...values: number[]) => Float64Array.of(...values);
const two = npy("'<f8'", '(2, 2)', numbers(1, 2, 3, 4));

function start(t: Parameters<typeof startCatalog>[0], files: Record<string, Buffer>, changes = {}) {
  const fixture = startCatalog(t, changes);
  for (const [url, bytes] of Object.entries(files)) fixture.elsewhere.files.set(url, { version: '1', bytes });
  return fixture;
}

t.test('a safetensors file', async (t) => {
  const body = safetensors({ inputs: ['F32', [2, 1], Float32Array.of(0.5, 2)], classes: ['I64', [2], BigInt64Array.of(1n, 0n)] });
  const { datasets, store, elsewhere } = start(t, { 's3://b/x': body });
  const { dataset, isNew } = await datasets.put('', 'a', put({ url: 's3://b/x' }), {});
  t.equal(isNew, true);
  t.equal(dataset.bytes, body.length);
  t.strictSame(dataset.columns.inputs.source, { url: 's3://b/x', version: '1' });
  t.strictSame(await keysIn(store, 'objects/'), []);
  t.strictSame(plain(await datasets.read(dataset, 1, 2)), { inputs: { shape: [1, 1], data: [2] }, classes: [0] });
  const { dataset: again } = await datasets.put('', 'b', put({ url: 's3://b/x' }), {});
  t.equal(again.etag, dataset.etag);
  elsewhere.files.set('s3://b/x', { version: '2', bytes: body });
  t.match(await refusalOf(datasets.read(dataset, 0, 1)), { type: 'dataset-changed' });
  const { dataset: other } = await datasets.put('', 'a', put({ url: 's3://b/x' }), {});
  t.not(other.etag, dataset.etag);
});

t.test('.npy files', async (t) => {
  const files = {
    x: npy("'<f4'", '(3, 2)', Float32Array.of(1, 2, 3, 4, 5, 6), { version: 2 }),
    y: npy("'|b1'", '(3, 1)', Uint8Array.of(0, 1, 1), { version: 3 }),
    w: npy("'<f8'", '(3,)', numbers(0, 1, 2), { order: 'True' }),
  };
  const { datasets } = start(t, files);
  const document = { inputs: { url: 'x' }, targets: { url: 'y' }, sample_weights: { url: 'w' } };
  const { dataset } = await datasets.put('', 'a', put(document), {});
  t.equal(dataset.bytes, files.x.length + files.y.length + files.w.length);
  t.strictSame(plain(await datasets.read(dataset, 1, 3)), {
    inputs: { shape: [2, 2], data: [3, 4, 5, 6] },
    targets: { shape: [2, 1], data: [1, 1] },
    sample_weights: [1, 2],
  });
});

t.test('a file that is read in several chunks', async (t) => {
  const long = Float64Array.from({ length: 200_000 }, (_, i) => i);
  const { datasets } = start(t, { x: npy("'<f8'", '(200000, 1)', long) });
  const { dataset } = await datasets.put('', 'a', put({ inputs: { url: 'x' } }), {});
  t.strictSame((await datasets.read(dataset, 199_998, 200_000)).inputs.data, numbers(199_998, 199_999));
  long[150_000] = Number.NaN;
  const { datasets: others } = start(t, { x: npy("'<f8'", '(200000, 1)', long) });
  t.strictSame(await refusalOf(others.put('', 'a', put({ inputs: { url: 'x' } }), {})), {
    type: 'invalid-request',
    ...at('/inputs/url', 'expected a finite number, got NaN at [150000, 0]'),
  });
});

t.test('files of NumPy', { skip: await missing('numpy') }, async (t) => {
  const script = `
import sys, io, numpy
for dtype in sys.argv[1:]:
    file = io.BytesIO()
    numpy.save(file, numpy.arange(6).reshape(3, 2).astype(dtype))
    print(file.getvalue().hex())`;
  const dtypes = ['f8', 'f4', 'f2', 'i4', 'i2', 'i1', 'u1'];
  const files = execFileSync(python, ['-c', script, ...dtypes])
    .toString()
    .trim()
    .split('\n');
  for (const [i, dtype] of dtypes.entries()) {
    const { datasets } = start(t, { x: Buffer.from(files[i], 'hex') });
    const { dataset } = await datasets.put('', 'a', put({ inputs: { url: 'x' } }), {});
    t.strictSame((await datasets.read(dataset, 0, 3)).inputs.data, numbers(0, 1, 2, 3, 4, 5), dtype);
  }
});

const NPY = '<f8, <f4, <f2, <i8, <i4, <i2, |i1, |u1, |b1';

const wrong: Record<string, [x: Buffer, detail: string]> = {
  'another file': [Buffer.from('{}'), 'expected a file as numpy.save writes it (.npy): it begins with other bytes'],
  'another version': [
    npy("'<f8'", '(1, 1)', numbers(1), { version: 4 }),
    'expected a .npy file of version 1.0, 2.0 or 3.0, got 4.0',
  ],
  'a file cut off before the header': [two.subarray(0, 9), 'the file is cut off in its header'],
  'a file cut off in the header': [two.subarray(0, 40), 'the file is cut off in its header'],
  'a file cut off': [
    two.subarray(0, -1),
    `expected ${two.length} bytes, by the shape [2, 2] in its header, got ${two.length - 1}`,
  ],
  'a byte too many': [
    Buffer.concat([two, Buffer.alloc(1)]),
    `expected ${two.length} bytes, by the shape [2, 2] in its header, got ${two.length + 1}`,
  ],
  'Fortran order': [
    npy("'<f8'", '(2, 2)', numbers(1, 2, 3, 4), { order: 'True' }),
    'expected C order (row after row), got Fortran order: write np.ascontiguousarray(array)',
  ],
  'big-endian': [
    npy("'>f8'", '(1, 1)', numbers(1)),
    "expected little-endian numbers, got big-endian ones, >f8: write array.astype('<f8')",
  ],
  objects: [npy("'|O'", '(1, 1)', numbers(1)), `expected ${NPY}, got an object array, |O: write numbers, array.astype('<f8')`],
  strings: [
    npy("'<U3'", '(1, 1)', numbers(1)),
    `expected ${NPY}, got an array of strings, <U3: write numbers, array.astype('<f8')`,
  ],
  bytes: [
    npy("'|S3'", '(1, 1)', numbers(1)),
    `expected ${NPY}, got an array of strings, |S3: write numbers, array.astype('<f8')`,
  ],
  'complex numbers': [
    npy("'<c16'", '(1, 1)', numbers(1, 1)),
    `expected ${NPY}, got an array of complex numbers, <c16: write array.real and array.imag as columns`,
  ],
  'unsigned integers': [npy("'<u4'", '(2, 1)', numbers(1)), `expected ${NPY}, got an array of <u4: write array.astype('<f8')`],
  'a structured array': [
    npy("[('a', '<f8')]", '(1,)', numbers(1)),
    'expected an array of numbers, got a structured array: write its fields as the columns of one array',
  ],
  'no dtype': [npy('', '', numbers(), { header: "{'x': 1}" }), "the header of the file is not one of numpy.save: {'x': 1}"],
  'no shape': [
    npy('', '', numbers(), { header: "{'descr': '<f8', 'fortran_order': False}" }),
    "the header of the file is not one of numpy.save: {'descr': '<f8', 'fortran_order': False}",
  ],
  'one dimension': [
    npy("'<f8'", '(2,)', numbers(1, 2)),
    'expected an array of 2 dimensions, got one of the shape [2]: write it as [2, 1], in NumPy inputs[:, None], if each sample has one ' +
      'feature',
  ],
  'integers of 64 bits': [
    npy("'<i8'", '(1, 1)', BigInt64Array.of(1n)),
    'expected a floating-point dtype, such as F64, got I64, which is for classes',
  ],
  'an infinite number': [
    npy("'<f8'", '(2, 1)', numbers(1, Number.NEGATIVE_INFINITY)),
    'expected a finite number, got -Infinity at [1, 0]',
  ],
};

t.test('what is wrong is refused, with a pointer, and leaves nothing behind', async (t) => {
  for (const [name, [x, detail]] of Object.entries(wrong)) {
    const { datasets, store } = start(t, { x });
    t.strictSame(
      await refusalOf(datasets.put('', 'a', put({ inputs: { url: 'x' } }), {})),
      { type: 'invalid-request', ...at('/inputs/url', detail) },
      name,
    );
    t.strictSame(await keysIn(store), [], name);
  }
  const files = { x: two, y: npy("'<f8'", '(2,)', numbers(1, 2)), z: npy("'<f8'", '(3,)', numbers(0, 0, 0)) };
  const { datasets } = start(t, files);
  const refused = async (document: unknown) => refusalOf(datasets.put('', 'a', put(document), {}));
  t.strictSame(await refused({ inputs: { url: 'x' }, targets: { url: 'y' } }), {
    type: 'invalid-request',
    ...at(
      '/targets/url',
      'expected an array of 2 dimensions, got one of the shape [2]: write it as [2, 1], in NumPy targets[:, None], or name it classes ' +
        'if it has class indices',
    ),
  });
  t.strictSame(await refused({ inputs: { url: 'x' }, classes: { url: 'z' } }), {
    type: 'shape-mismatch',
    ...at('/classes/url', 'expected 2 samples, as many as inputs has, got 3'),
  });
  t.strictSame(await refused({ inputs: { url: 'x' }, targets: { url: 'y' }, classes: { url: 'y' } }), {
    type: 'invalid-request',
    ...at('/classes', 'expected either targets or classes, got both'),
  });
  t.strictSame(await refused({ inputs: { url: 'x', path: 'y' } }), {
    type: 'invalid-request',
    ...at('/inputs/path', 'unknown key "path"; there is url'),
  });
  t.strictSame(await refused({ inputs: { url: '' } }), {
    type: 'invalid-request',
    ...at('/inputs/url', 'expected a string that is not empty, got ""'),
  });
  t.strictSame(await refused({ inputs: { url: 'x' }, sample_weights: { url: 'elsewhere' } }), {
    type: 'place-not-allowed',
    ...at('/sample_weights/url', 'elsewhere is not allowed to '),
  });
  t.match(await refused({ url: 'x', inputs: [[1]] }), { type: 'invalid-request', errors: [{ pointer: '/inputs' }] });
});

t.test('weights by reference that are all 0', async (t) => {
  const { datasets } = start(t, { x: two, w: npy("'<f8'", '(2,)', numbers(0, 0)) });
  t.strictSame(await refusalOf(datasets.put('', 'a', put({ inputs: { url: 'x' }, sample_weights: { url: 'w' } }), {})), {
    type: 'invalid-request',
    ...at('/sample_weights/url', 'expected at least one weight above 0, got only 0'),
  });
});

t.test('a wrong safetensors file', async (t) => {
  const cases: [Buffer, type: string, detail: string][] = [
    [Buffer.alloc(0), 'invalid-request', 'not a safetensors file: the body is empty'],
    [
      safetensors({ inputs: ['F64', [1, 2], numbers(1, Number.NaN)] }),
      'invalid-request',
      '/inputs/0/1: expected a finite number, got NaN',
    ],
    [
      safetensors({ inputs: ['F64', [1, 1], numbers(1)], classes: ['U8', [2], Uint8Array.of(1, 2)] }),
      'shape-mismatch',
      'classes: expected 1 sample, as many as inputs has, got 2',
    ],
  ];
  for (const [file, type, detail] of cases) {
    const { datasets } = start(t, { x: file });
    t.strictSame(await refusalOf(datasets.put('', 'a', put({ url: 'x' }), {})), { type, ...at('/url', detail) });
  }
});

t.test('files larger than a dataset', async (t) => {
  const { datasets } = start(t, { x: two, y: two }, { DATASET_LIMIT: two.length + 1 });
  t.strictSame(await refusalOf(datasets.put('', 'a', put({ inputs: { url: 'x' }, targets: { url: 'y' } }), {})), {
    type: 'body-too-large',
    ...at('/targets/url', `expected at most ${two.length + 1} bytes (DATASET_LIMIT), got ${2 * two.length}`),
  });
});

t.test('a failure that is no refusal', async (t) => {
  const { datasets, elsewhere } = start(t, { x: two });
  elsewhere.pin = async () => {
    throw new Error('the network is down');
  };
  await t.rejects(datasets.put('', 'a', put({ url: 'x' }), {}), { message: 'the network is down' });
});
