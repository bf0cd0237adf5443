// Safetensors, as a client writes and reads it.

/** A tensor, row by row; a single number has the shape []. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly values: Float64Array | BigInt64Array;
}

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** The data starts at a multiple of this, so that float64 can be read in place. */
const ALIGNMENT = 8;

/** Writes tensors, and strings about them. */
export function encodeSafetensors(tensors: ReadonlyMap<string, Tensor>, metadata: Record<string, string>): Buffer {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let end = 0;
  for (const [name, { shape, values }] of tensors) {
    const dtype = values instanceof BigInt64Array ? 'I64' : 'F64';
    header[name] = { dtype, shape, data_offsets: [end, end + values.byteLength] } satisfies Entry;
    end += values.byteLength;
  }
  const text = Buffer.from(JSON.stringify(header));
  const padded = Buffer.alloc(Math.ceil(text.length / ALIGNMENT) * ALIGNMENT, ' ');
  text.copy(padded);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  const data = [...tensors.values()].map(({ values }) => Buffer.from(values.buffer, values.byteOffset, values.byteLength));
  return Buffer.concat([length, padded, ...data]);
}

/** Reads the float64 tensors of a file. */
export function decodeSafetensors(bytes: Buffer): Map<string, Float64Array> {
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const { __metadata__, ...entries } = JSON.parse(bytes.toString('utf8', 8, start)) as Record<string, Entry>;
  return new Map(
    Object.entries(entries).map(
      ([
        name,
        {
          dtype,
          data_offsets: [from, to],
        },
      ]) => {
        if (dtype !== 'F64') throw new Error(`expected F64 for ${name}, got ${dtype}`);
        const copy = Uint8Array.from(bytes.subarray(start + from, start + to));
        return [name, new Float64Array(copy.buffer)];
      },
    ),
  );
}
