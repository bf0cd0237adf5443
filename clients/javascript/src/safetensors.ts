// Reads and writes safetensors: https://github.com/huggingface/safetensors. Numbers are little-endian, as on all processors that run this.
import { ARRAYS, type Data, type Dtype, Tensor } from './tensor.ts';

/** The content of a file. */
export interface Safetensors {
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [begin: number, end: number];
}

/** What other types are read as. */
const WIDENED: Record<string, { readonly bytes: number; read(bytes: Uint8Array<ArrayBuffer>): Data }> = {
  F16: { bytes: 2, read: (bytes) => Float32Array.from(new Uint16Array(bytes.buffer), float16) },
  BF16: {
    bytes: 2,
    read: (bytes) => new Float32Array(Uint32Array.from(new Uint16Array(bytes.buffer), (bits) => bits << 16).buffer),
  },
  BOOL: { bytes: 1, read: (bytes) => bytes },
};

/** The bytes of a file with these tensors. */
export function writeSafetensors(
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  // The largest numbers first: then all are aligned, which the official library requires.
  const sorted = Object.entries(tensors).toSorted(([, a], [, b]) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT);
  const header: Record<string, unknown> = Object.keys(metadata).length > 0 ? { __metadata__: metadata } : {};
  let end = 0;
  for (const [name, { dtype, shape, data }] of sorted) {
    const begin = end;
    end += data.byteLength;
    header[name] = { dtype, shape, data_offsets: [begin, end] };
  }
  const json = JSON.stringify(header);
  const text = new TextEncoder().encode(json);
  const length = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + length + end).fill(32, 8 + text.length, 8 + length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(text, 8);
  let at = 8 + length;
  for (const [, { data }] of sorted) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/**
 * The tensors and the metadata of a file. F16 and BF16 become float32, BOOL 0 and 1.
 * @throws TypeError if it is no safetensors file, or has tensors of other types.
 */
export function readSafetensors(bytes: Uint8Array): Safetensors {
  const length = bytes.length < 8 ? Number.NaN : Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (!(length <= bytes.length - 8)) throw wrong('its header does not fit into it');
  const { __metadata__: metadata = {}, ...entries } = parse(bytes.subarray(8, 8 + length));
  const content = bytes.subarray(8 + length);
  const tensors = Object.entries(entries).map(([name, entry]) => [name, read(name, entry as Entry, content)] as const);
  return { tensors: Object.fromEntries(tensors), metadata: metadata as Record<string, string> };
}

function parse(bytes: Uint8Array): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {}
  if (typeof header !== 'object' || header === null || Array.isArray(header)) throw wrong('its header is no JSON object');
  return header as Record<string, unknown>;
}

function read(name: string, { dtype, shape, data_offsets }: Entry, content: Uint8Array): Tensor {
  const Native = Object.hasOwn(ARRAYS, dtype) ? ARRAYS[dtype as Dtype] : undefined;
  const width = Native?.BYTES_PER_ELEMENT ?? WIDENED[dtype]?.bytes;
  if (!width) throw wrong(`${name} has the type ${dtype}`);
  const [begin, end] = Array.isArray(data_offsets) ? data_offsets : [Number.NaN, Number.NaN];
  const size = Array.isArray(shape) ? shape.reduce((product, length) => product * length, width) : Number.NaN;
  if (!(begin >= 0 && end <= content.length && end - begin === size)) throw wrong(`${name} does not lie where its header says`);
  // A copy is aligned, and does not keep the whole file in memory. (slice() of Node's Buffer makes none.)
  const bytes = new Uint8Array(content.subarray(begin, end));
  return new Tensor(Native ? new Native(bytes.buffer) : WIDENED[dtype].read(bytes), shape);
}

/** The number that 16 bits stand for, in IEEE 754's binary16. */
function float16(bits: number): number {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24);
}

function wrong(why: string): TypeError {
  return new TypeError(`this is no safetensors file that can be read here: ${why}`);
}
