// Reads tensors of a safetensors file (https://github.com/huggingface/safetensors#format) in the browser.
import { ImportFault } from './import-fault.ts';

export interface Tensor {
  readonly shape: readonly number[];
  /** Row by row. */
  readonly values: readonly number[];
}

const LENGTH_BYTES = 8;

/** The bytes of a number, and how it is read. */
const dtypes: Record<string, { bytes: number; read(view: DataView, at: number): number }> = {
  F64: { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  F32: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  F16: { bytes: 2, read: (view, at) => half(view.getUint16(at, true)) },
  BF16: { bytes: 2, read: (view, at) => upperHalf(view.getUint16(at, true)) },
};

/** A float16: 1 bit of sign, 5 of exponent, 10 of fraction. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** A bfloat16: the upper half of a float32. */
function upperHalf(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits * 0x10000);
  return view.getFloat32(0);
}

/** The tensors of a file by their names. @throws ImportFault. */
export function readSafetensors(file: ArrayBuffer): Map<string, Tensor> {
  const header = readHeader(file);
  const data = new DataView(file, header.end);
  const tensors = new Map<string, Tensor>();
  for (const [name, value] of Object.entries(header.entries)) {
    if (name === '__metadata__') continue;
    const { dtype, shape, data_offsets: offsets } = (value ?? {}) as { dtype?: unknown; shape?: unknown; data_offsets?: unknown };
    const type = typeof dtype === 'string' ? dtypes[dtype] : undefined;
    if (!type) throw new ImportFault((t) => t.unknownDtype(name, `${dtype}`, Object.keys(dtypes)));
    if (!isSizes(shape) || !isSizes(offsets)) throw new ImportFault((t) => t.notSafetensors());
    const count = shape.reduce((product, n) => product * n, 1);
    const [begin, end] = offsets;
    if (end - begin !== count * type.bytes || end > data.byteLength) throw new ImportFault((t) => t.cutOff());
    tensors.set(name, { shape, values: Array.from({ length: count }, (_, i) => type.read(data, begin + i * type.bytes)) });
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
