// Safetensors files for tests.

type Tensor = [name: string, dtype: 'F64' | 'F32' | 'F16' | 'BF16', shape: number[], values: number[]];

const arrays = {
  F64: (values: number[]) => new Float64Array(values),
  F32: (values: number[]) => new Float32Array(values),
  F16: (values: number[]) => new Float16Array(values),
  // The upper halves of float32.
  BF16: (values: number[]) => new Uint16Array(new Float32Array(values).buffer).filter((_, i) => i % 2 === 1),
};

/** A file with these tensors, one after the other. */
export function safetensorsFile(tensors: readonly Tensor[]): ArrayBuffer {
  const header: Record<string, object> = { __metadata__: { format: 'pt' } };
  const data: Buffer[] = [];
  let at = 0;
  for (const [name, dtype, shape, values] of tensors) {
    const { buffer, byteLength } = arrays[dtype](values);
    header[name] = { dtype, shape, data_offsets: [at, at + byteLength] };
    at += byteLength;
    data.push(Buffer.from(buffer as ArrayBuffer, 0, byteLength));
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const file = Buffer.concat([length, text, ...data]);
  return file.buffer.slice(file.byteOffset, file.byteOffset + file.length) as ArrayBuffer;
}
