// The dtypes that a request in safetensors may have.
import t from 'tap';
import { gradients, post, startApp } from '../support/app.ts';
import { type Entry, file, read, SAFETENSORS } from '../support/safetensors-file.ts';

const types = { 'content-type': SAFETENSORS, accept: SAFETENSORS };

/** How each dtype stores numbers, and the dtype of an answer to weights of it. */
const dtypes: Record<string, { readonly bytes: (numbers: number[]) => ArrayBufferView; readonly answer: string }> = {
  F64: { bytes: (numbers) => Float64Array.from(numbers), answer: 'F64' },
  F32: { bytes: (numbers) => Float32Array.from(numbers), answer: 'F32' },
  F16: { bytes: (numbers) => Float16Array.from(numbers), answer: 'F32' },
  // The upper halves of float32 numbers.
  BF16: {
    bytes: (numbers) => Uint16Array.from(new Uint32Array(Float32Array.from(numbers).buffer), (n) => n >>> 16),
    answer: 'F32',
  },
  I32: { bytes: (numbers) => Int32Array.from(numbers), answer: 'F64' },
  I16: { bytes: (numbers) => Int16Array.from(numbers), answer: 'F64' },
  I8: { bytes: (numbers) => Int8Array.from(numbers), answer: 'F64' },
  U8: { bytes: (numbers) => Uint8Array.from(numbers), answer: 'F64' },
  BOOL: { bytes: (numbers) => Uint8Array.from(numbers), answer: 'F64' },
};

/** A file with the given arrays, one after the other without gaps, after `spaces` more spaces in the header. */
function fileOf(arrays: readonly [name: string, dtype: string, shape: number[], numbers: number[]][], loss: string, spaces = 0) {
  const header: Record<string, Entry | Record<string, string>> = { __metadata__: { request: JSON.stringify({ loss }) } };
  const data: Buffer[] = [];
  let end = 0;
  for (const [name, dtype, shape, numbers] of arrays) {
    const { buffer, byteLength } = dtypes[dtype].bytes(numbers);
    data.push(Buffer.from(buffer as ArrayBuffer));
    header[name] = { dtype, shape, data_offsets: [end, end + byteLength] };
    end += byteLength;
  }
  return file(`${JSON.stringify(header)}${' '.repeat(spaces)}`, Buffer.concat(data), false);
}

/** Integers that every dtype but BOOL has, and negative ones or fractions where the dtype has them. */
function numbersOf(dtype: string): number[] {
  if (dtype === 'BOOL') return [1, 0];
  if (dtype === 'U8') return [200, 3];
  return dtype.startsWith('I') ? [-100, 3] : [-0.375, 3];
}

for (const [dtype, { answer }] of Object.entries(dtypes)) {
  t.test(`${dtype}: the same answer as to these numbers in JSON`, async (t) => {
    const app = await startApp();
    const numbers = numbersOf(dtype);
    const expected = await gradients(app, {
      network: { layers: [{ weights: [numbers], biases: [1] }] },
      batch: { inputs: [numbers, [1, 0]], targets: [[1], [0]], sample_weights: [1, 1] },
      loss: 'l1',
    });
    const arrays: Parameters<typeof fileOf>[0] = [
      ['network.layers.0.weights', dtype, [1, 2], numbers],
      ['network.layers.0.biases', dtype, [1], [1]],
      ['batch.inputs', dtype, [2, 2], [...numbers, 1, 0]],
      ['batch.targets', dtype, [2, 1], [1, 0]],
      ['batch.sample_weights', dtype, [2], [1, 1]],
    ];
    // Whether or not the numbers are aligned in the file.
    for (let spaces = 0; spaces < 8; spaces++) {
      const response = await post(app, fileOf(arrays, 'l1', spaces), types);
      t.equal(response.statusCode, 200, `${spaces}: ${response.body}`);
      const got = read(response.rawPayload);
      t.strictSame(got.dtypes, new Set([answer]));
      t.equal(got.tensors.get('loss'), answer === 'F32' ? Math.fround(expected.loss) : expected.loss);
      t.strictSame(got.tensors.get('gradients.0.weights'), expected.gradients[0].weights);
    }
  });
}

t.test('class indices of any dtype', async (t) => {
  const app = await startApp();
  const expected = await gradients(app, {
    network: { layers: [{ weights: [[1], [2]] }] },
    batch: { inputs: [[1], [3]], targets: [1, 0] },
    loss: 'cross_entropy',
  });
  for (const dtype of Object.keys(dtypes)) {
    const body = fileOf(
      [
        ['network.layers.0.weights', 'F64', [2, 1], [1, 2]],
        ['batch.inputs', 'F64', [2, 1], [1, 3]],
        ['batch.targets', dtype, [2], [1, 0]],
      ],
      'cross_entropy',
    );
    t.strictSame((await post(app, body, { 'content-type': SAFETENSORS })).json(), expected, dtype);
  }
});

t.test('a BOOL that is neither 0 nor 1 counts as 1, as in NumPy', async (t) => {
  const app = await startApp();
  const body = fileOf(
    [
      ['network.layers.0.weights', 'F64', [1, 1], [1]],
      ['batch.inputs', 'BOOL', [1, 1], [7]],
      ['batch.targets', 'F64', [1, 1], [0]],
    ],
    'l1',
  );
  t.equal((await post(app, body, { 'content-type': SAFETENSORS })).json().loss, 1);
});
