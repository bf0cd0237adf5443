// Documents of the API as safetensors: a tensor's name is its path in the JSON document, joined by dots.
import { readSafetensors, writeSafetensors } from './safetensors.ts';
import { type Data, dtypeOf, Tensor, tensorOf } from './tensor.ts';

/** Arrays that hold class indices or rows, if they are flat. */
const INDICES = ['batch.classes', 'batch.targets', 'batch.indices', 'classes'];

/** Lists of numbers that stay JSON. */
const NO_TENSORS = ['batch.rows'];

/**
 * A request in safetensors: arrays of numbers as tensors, the rest as JSON in the metadata.
 * @throws TypeError for what JSON does not have, such as an option that is NaN.
 */
export function encodeRequest(document: object): Uint8Array<ArrayBuffer> {
  const tensors: Record<string, Tensor> = {};
  const rest = withoutTensors(document, '', tensors);
  return writeSafetensors(tensors, { request: JSON.stringify(rest) });
}

/** Arrays in safetensors, by their names. @throws TypeError for what is no array of numbers. */
export function encodeArrays(arrays: object): Uint8Array<ArrayBuffer> {
  const given = Object.entries(arrays).filter(([, value]) => value !== undefined && value !== null);
  const tensors = given.map(([name, value]) => {
    const tensor = tensorOf(value);
    if (!tensor) throw new TypeError(`${name}: expected an array of numbers with rows of equal length`);
    return [name, withIndices(name, tensor)] as const;
  });
  return writeSafetensors(Object.fromEntries(tensors));
}

/** An answer in safetensors as a document with tensors in place of arrays, and numbers. */
export function decodeAnswer(bytes: Uint8Array): unknown {
  const document: Tree = {};
  for (const [name, tensor] of Object.entries(readSafetensors(bytes).tensors)) {
    const path = name.split('.');
    const last = path.pop() as string;
    let place = document;
    for (const key of path) {
      place[key] ??= {};
      place = place[key] as Tree;
    }
    place[last] = tensor.shape.length === 0 ? Number(tensor.data[0]) : tensor;
  }
  return withLists(document);
}

interface Tree {
  [key: string]: Tree | Tensor | number;
}

/** Objects whose keys are 0, 1, … become lists. */
function withLists(value: Tree | Tensor | number): unknown {
  if (typeof value === 'number' || value instanceof Tensor) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, withLists(item)] as const);
  return entries.length > 0 && entries.every(([key]) => /^\d+$/.test(key))
    ? entries.toSorted(([a], [b]) => Number(a) - Number(b)).map(([, item]) => item)
    : Object.fromEntries(entries);
}

/** Moves the arrays of numbers of a document to `tensors`; returns the rest. */
function withoutTensors(value: unknown, name: string, tensors: Record<string, Tensor>): unknown {
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new TypeError(`${name}: expected a finite number, got ${value}`);
  if (typeof value !== 'object' || value === null) return value;
  const tensor = NO_TENSORS.includes(name) ? undefined : tensorOf(value);
  if (tensor) {
    tensors[name] = withIndices(name, tensor);
    return undefined;
  }
  const inside = (item: unknown, key: string | number) => withoutTensors(item, name ? `${name}.${key}` : `${key}`, tensors);
  // Ragged lists are left to the service, which says what is wrong with them.
  if (Array.isArray(value)) return value.every((item) => isRecord(item)) ? value.map(inside) : listed(value);
  if (ArrayBuffer.isView(value)) return listed(value);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inside(item, key)]));
}

function isRecord(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !ArrayBuffer.isView(value) &&
    !(value instanceof Tensor)
  );
}

/** Nested lists without typed arrays. */
function listed(value: unknown): unknown {
  if (value instanceof Tensor) return value.toArray();
  if (dtypeOf(value)) return new Tensor(value as Data).toArray();
  return Array.isArray(value) ? value.map(listed) : value;
}

/** Indices as integers; what is not a flat array of integers stays as it is. */
function withIndices(name: string, tensor: Tensor): Tensor {
  const { data, shape } = tensor;
  if (!INDICES.includes(name) || shape.length !== 1 || data instanceof BigInt64Array) return tensor;
  return data.every(Number.isSafeInteger) ? new Tensor(BigInt64Array.from(data, BigInt), shape) : tensor;
}
