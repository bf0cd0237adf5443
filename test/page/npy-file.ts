// Files of numpy.save for tests.

export function npyFile(
  dtype: string,
  shape: readonly number[],
  values: ArrayBufferView,
  version: 1 | 2 = 1,
  fortran: 'True' | 'False' = 'False',
): ArrayBuffer {
  const size = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const header = Buffer.from(`{'descr': '${dtype}', 'fortran_order': ${fortran}, 'shape': (${size}), }\n`);
  const start = Buffer.from(`\x93NUMPY${String.fromCharCode(version, 0)}`, 'latin1');
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  length.writeUIntLE(header.length, 0, length.length);
  const data = Buffer.from(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength);
  return new Uint8Array(Buffer.concat([start, length, header, data])).buffer;
}
