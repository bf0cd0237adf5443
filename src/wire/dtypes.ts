// The dtypes of arrays, by the names of safetensors, and their numbers in float64. Numbers are little-endian, and this code assumes a
// little-endian machine.

/** The typed arrays that hold the numbers of a dtype as they are stored. */
export const arrays = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Float16Array,
  BF16: Uint16Array,
  I64: BigInt64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
};
export type Dtype = keyof typeof arrays;

type Stored = InstanceType<(typeof arrays)[Dtype]>;

/** How many numbers an array of this shape has. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** `size` numbers of a dtype from byte `at` on: a view of the bytes if they are aligned in memory, otherwise a copy. */
export function storedAt(dtype: Dtype, bytes: Uint8Array, at: number, size: number): Stored {
  const { BYTES_PER_ELEMENT } = arrays[dtype];
  const start = bytes.byteOffset + at;
  return start % BYTES_PER_ELEMENT === 0
    ? new arrays[dtype](bytes.buffer as ArrayBuffer, start, size)
    : new arrays[dtype](Uint8Array.from(bytes.subarray(at, at + size * BYTES_PER_ELEMENT)).buffer);
}

/** Writes stored numbers, in float64, to the beginning of `into`. */
export function widen(dtype: Dtype, stored: Stored, into: Float64Array): void {
  if (stored instanceof BigInt64Array) for (let i = 0; i < stored.length; i++) into[i] = Number(stored[i]);
  // A BF16 is the upper half of a float32.
  else if (dtype === 'BF16') into.set(new Float32Array(Uint32Array.from(stored, (half) => half << 16).buffer));
  else if (dtype === 'BOOL') for (let i = 0; i < stored.length; i++) into[i] = Number(stored[i] !== 0);
  else into.set(stored);
}
