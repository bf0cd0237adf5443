// Files of NumPy (numpy.save), made into the safetensors file of a dataset.
import { ImportFault } from '../request/import-fault.ts';
import { numbersAt, numberTypes } from '../request/number-types.ts';

interface NumpyArray {
  readonly shape: readonly number[];
  readonly values: readonly number[];
  readonly isWhole: boolean;
}

/** The number types of NumPy's dtypes. */
const dtypes = new Map([
  ['<f8', 'F64'],
  ['<f4', 'F32'],
  ['<i8', 'I64'],
  ['<i4', 'I32'],
  ['|u1', 'U8'],
]);

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
  const type = numberTypes.get(dtypes.get(dtype) ?? '');
  if (!type) throw new ImportFault((t) => t.unknownDtype(name, dtype, [...dtypes.keys()]));
  if (/'fortran_order': *True/.test(header)) throw new ImportFault((t) => t.fortranOrder(name));
  const shape = [...sizes.matchAll(/\d+/g)].map(([size]) => Number(size));
  const count = shape.reduce((product, size) => product * size, 1);
  if (end + count * type.bytes > file.byteLength) throw new ImportFault((t) => t.cutOff());
  return { shape, values: numbersAt(view, end, count, type), isWhole: !dtype.includes('f') };
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
