// Reads tensors of a safetensors file (https://github.com/huggingface/safetensors#format) in the browser.
import { ImportFault } from './import-fault.ts';
import { numbersAt, numberTypes } from './number-types.ts';

export interface Tensor {
  readonly shape: readonly number[];
  /** Row by row. */
  readonly values: readonly number[];
}

const LENGTH_BYTES = 8;

/** Those of weights. */
const dtypes = ['F64', 'F32', 'F16', 'BF16'];

/** The tensors of a file by their names. @throws ImportFault. */
export function readSafetensors(file: ArrayBuffer): Map<string, Tensor> {
  const header = readHeader(file);
  const data = new DataView(file, header.end);
  const tensors = new Map<string, Tensor>();
  for (const [name, value] of Object.entries(header.entries)) {
    if (name === '__metadata__') continue;
    const { dtype, shape, data_offsets: offsets } = (value ?? {}) as { dtype?: unknown; shape?: unknown; data_offsets?: unknown };
    const type = dtypes.includes(dtype as string) ? numberTypes.get(dtype as string) : undefined;
    if (!type) throw new ImportFault((t) => t.unknownDtype(name, `${dtype}`, dtypes));
    if (!isSizes(shape) || !isSizes(offsets)) throw new ImportFault((t) => t.notSafetensors());
    const count = shape.reduce((product, n) => product * n, 1);
    const [begin, end] = offsets;
    if (end - begin !== count * type.bytes || end > data.byteLength) throw new ImportFault((t) => t.cutOff());
    tensors.set(name, { shape, values: numbersAt(data, begin, count, type) });
  }
  return tensors;
}

function readHeader(file: ArrayBuffer): { entries: Record<string, unknown>; end: number } {
  if (file.byteLength < LENGTH_BYTES) throw new ImportFault((t) => t.notSafetensors());
  const length = Number(new DataView(file).getBigUint64(0, true));
  const end = LENGTH_BYTES + length;
  if (end > file.byteLength) throw new ImportFault((t) => t.notSafetensors());
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array(file, LENGTH_BYTES, length));
    return { entries: JSON.parse(text), end };
  } catch {
    throw new ImportFault((t) => t.notSafetensors());
  }
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isInteger(n) && n >= 0);
}
