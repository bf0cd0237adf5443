// Files of numpy.save, as NumPy writes them, become datasets that the service reads.
import t from 'tap';
import { datasetOf } from '../../../src/page/service/npy.ts';
import { imports } from '../../../src/page/text/en/imports.ts';
import { npyFile } from '../npy-file.ts';

/** The header and the data of a safetensors file. */
function parsed(file: Uint8Array<ArrayBuffer>) {
  const length = Number(new DataView(file.buffer).getBigUint64(0, true));
  return { header: JSON.parse(Buffer.from(file.subarray(8, 8 + length)).toString()), data: file.buffer.slice(8 + length) };
}

const named = (name: string, content: ArrayBuffer) => ({ name, content });
const x = named('x.npy', npyFile('<f8', [2, 3], new Float64Array([1, 2, 3, 4, 5, 6.5])));

t.test('inputs, and targets or classes', async (t) => {
  const classes = parsed(datasetOf([x, named('y.npy', npyFile('<i8', [2], new BigInt64Array([3n, 1n])))]));
  t.strictSame(classes.header, {
    inputs: { dtype: 'F64', shape: [2, 3], data_offsets: [0, 48] },
    classes: { dtype: 'I64', shape: [2], data_offsets: [48, 64] },
  });
  t.strictSame([...new Float64Array(classes.data, 0, 6)], [1, 2, 3, 4, 5, 6.5]);
  t.strictSame([...new BigInt64Array(classes.data, 48)], [3n, 1n]);
  for (const [dtype, values, version] of [
    ['<f4', new Float32Array([0.5, -1]), 1],
    ['<f8', new Float64Array([0.5, -1]), 2],
  ] as const) {
    const { header, data } = parsed(datasetOf([x, named('y.npy', npyFile(dtype, [2], values, version))]));
    t.strictSame(header.targets, { dtype: 'F64', shape: [2, 1], data_offsets: [48, 64] }, 'a list is one target each');
    t.strictSame([...new Float64Array(data, 48)], [0.5, -1]);
  }
  for (const [dtype, values] of [
    ['<i4', new Int32Array([7, 0])],
    ['|u1', new Uint8Array([7, 0])],
  ] as const) {
    const { data } = parsed(datasetOf([x, named('y.npy', npyFile(dtype, [2], values))]));
    t.strictSame([...new BigInt64Array(data, 48)], [7n, 0n], dtype);
  }
  t.strictSame(Object.keys(parsed(datasetOf([x])).header), ['inputs']);
});

t.test('what cannot be read is named', async (t) => {
  const message = (content: ArrayBuffer) => {
    try {
      return datasetOf([named('a.npy', content)]);
    } catch (error) {
      return (error as { text(of: typeof imports): string }).text(imports);
    }
  };
  t.equal(message(new ArrayBuffer(20)), 'a.npy is not a .npy file.');
  t.match(message(npyFile('<c16', [1], new Float64Array([1, 0]))), /^a\.npy has the dtype <c16/);
  const header = (text: string) => {
    const file = new Uint8Array(10 + text.length);
    file.set([0x93, ...Buffer.from('NUMPY'), 1, 0, text.length, 0, ...Buffer.from(text)]);
    return file.buffer;
  };
  t.match(
    message(header("{'descr': [('a', '<f8'), ('b', '<i4', (2,))], 'shape': (3,), }")),
    "has the dtype [('a', '<f8'), ('b', '<i4', (2,))]",
  );
  for (const text of ["{'descr': '<f8', }", "{'shape': (1,), }"]) t.match(message(header(text)), /not a .npy file/);
  t.match(message(npyFile('<f8', [9], new Float64Array([1]))), /cut off/);
  t.match(message(npyFile('<f8', [1], new Float64Array([1]), 1, 'True')), /Fortran order/);
  t.match(message(npyFile('<f8', [1], new Float64Array([1])).slice(0, 11)), /not a .npy file/);
});
