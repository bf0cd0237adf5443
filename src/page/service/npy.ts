// Files of NumPy (numpy.save), made into the safetensors file of a dataset.
import { ImportFault } from '../request/import-fault.ts';

interface NumpyArray {
  readonly shape: readonly number[];
  readonly values: readonly number[];
  readonly isWhole: boolean;
}

/** How a number of a dtype is read, and its bytes. */
const dtypes: Readonly<Record<string, readonly [bytes: number, read: (view: DataView, at: number) => number]>> = {
  '<f8': [8, (view, at) => view.getFloat64(at, true)],
  '<f4': [4, (view, at) => view.getFloat32(at, true)],
  '<i8': [8, (view, at) => Number(view.getBigInt64(at, true))],
  '<i4': [4, (view, at) => view.getInt32(at, true)],
  '|u1': [1, (view, at) => view.getUint8(at)],
};

/** https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html. @throws ImportFault. */
function readNpy(name: string, file: ArrayBuffer): NumpyArray {
  const view = new DataView(file);
  const magic = new TextDecoder().decode(file.slice(1, 6));
  if (magic !== 'NUMPY' || file.byteLength < 12) throw new ImportFault((t) => t.notNpy(name));
  const begin = view.getUint8(6) === 1 ? 10 : 12;
  const end = begin + (begin === 10 ? view.getUint16(8, true) : view.getUint32(8, true));
  const header = new TextDecoder('latin1').decode(file.slice(begin, end));
  // A structured dtype is a list.
  const dtype = /'descr': *('[^']*'|\[.*?\](?=[,}]))/.exec(header)?.[1].replaceAll(/^'|'$/g, '');
  const sizes = /'shape': *\(([^)]*)\)/.exec(header)?.[1];
  if (dtype === undefined || sizes === undefined) throw new ImportFault((t) => t.notNpy(name));
  const type = dtypes[dtype];
  if (!type) throw new ImportFault((t) => t.unknownDtype(name, dtype, Object.keys(dtypes)));
  if (/'fortran_order': *True/.test(header)) throw new ImportFault((t) => t.fortranOrder(name));
  const shape = [...sizes.matchAll(/\d+/g)].map(([size]) => Number(size));
  const count = shape.reduce((product, size) => product * size, 1);
  const [bytes, read] = type;
  if (end + count * bytes > file.byteLength) throw new ImportFault((t) => t.cutOff());
  return { shape, values: Array.from({ length: count }, (_, i) => read(view, end + i * bytes)), isWhole: !dtype.includes('f') };
}

export interface NamedFile {
  readonly name: string;
  readonly content: ArrayBuffer;
}

/** The dataset of a file with the inputs, and of one with the targets: a list of whole numbers is classes. @throws ImportFault. */
export function datasetOf([inputs, targets]: readonly NamedFile[]): Uint8Array<ArrayBuffer> {
  const arrays: [string, string, readonly number[], ArrayBufferView][] = [];
  const add = (key: string, { shape, values }: NumpyArray) =>
    arrays.push([key, 'F64', shape.length === 1 ? [...shape, 1] : shape, new Float64Array(values)]);
  add('inputs', readNpy(inputs.name, inputs.content));
  if (targets) {
    const array = readNpy(targets.name, targets.content);
    if (array.isWhole && array.shape.length === 1)
      arrays.push(['classes', 'I64', array.shape, new BigInt64Array(array.values.map(BigInt))]);
    else add('targets', array);
  }
  return safetensorsOf(arrays);
}

/** https://github.com/huggingface/safetensors#format */
function safetensorsOf(
  arrays: readonly (readonly [name: string, dtype: string, shape: readonly number[], data: ArrayBufferView])[],
): Uint8Array<ArrayBuffer> {
  let at = 0;
  const entries = arrays.map(([name, dtype, shape, { byteLength }]) => {
    const begin = at;
    at += byteLength;
    return [name, { dtype, shape, data_offsets: [begin, at] }] as const;
  });
  const json = JSON.stringify(Object.fromEntries(entries));
  // Spaces, so that the numbers begin at a multiple of 8 bytes.
  const header = new TextEncoder().encode(json.padEnd(Math.ceil(json.length / 8) * 8));
  const file = new Uint8Array(8 + header.length + at);
  new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true);
  file.set(header, 8);
  for (const [i, [, , , data]] of arrays.entries())
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 8 + header.length + entries[i][1].data_offsets[0]);
  return file;
}
