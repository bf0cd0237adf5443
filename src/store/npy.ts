// The header of NumPy's files (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html), versions 1.0 to 3.0.
import { Refusal } from '../refusal.ts';
import { arrays, type Dtype, sizeOf } from '../wire/dtypes.ts';
import type { Described } from './columns.ts';

/** How many bytes of a file have to be read: longer headers are those of structured arrays. */
export const NPY_HEADER_BYTES = 4096;

const MAGIC = '\x93NUMPY';

const dtypes: Readonly<Record<string, Dtype>> = {
  '<f8': 'F64',
  '<f4': 'F32',
  '<f2': 'F16',
  '<i8': 'I64',
  '<i4': 'I32',
  '<i2': 'I16',
  '|i1': 'I8',
  '|u1': 'U8',
  '|b1': 'BOOL',
};

/** What arrays of other dtypes are called, by the letter, and what to write instead. */
const OTHERS: Readonly<Record<string, readonly [name: string, advice: string]>> = {
  O: ['an object array', "write numbers, array.astype('<f8')"],
  U: ['an array of strings', "write numbers, array.astype('<f8')"],
  S: ['an array of strings', "write numbers, array.astype('<f8')"],
  c: ['an array of complex numbers', 'write array.real and array.imag as columns'],
};

const FLOAT = "write array.astype('<f8')";

/** An array in a file. */
export interface NpyArray extends Described {
  /** Where the numbers begin, in bytes. */
  readonly offset: number;
}

/**
 * Reads the header of a file of `length` bytes, from its first bytes: NPY_HEADER_BYTES, or all.
 * @throws Refusal `invalid-request`.
 */
export function readNpyHeader(bytes: Buffer, length: number): NpyArray {
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC)
    throw invalid('expected a file as numpy.save writes it (.npy): it begins with other bytes');
  const [major, minor] = bytes.subarray(MAGIC.length);
  if (!(major >= 1 && major <= 3 && minor === 0))
    throw invalid(`expected a .npy file of version 1.0, 2.0 or 3.0, got ${major}.${minor}`);
  const isShort = major === 1;
  const begin = MAGIC.length + 2 + (isShort ? 2 : 4);
  if (bytes.length < begin) throw invalid('the file is cut off in its header');
  const offset = begin + (isShort ? bytes.readUInt16LE(begin - 2) : bytes.readUInt32LE(begin - 4));
  const header = bytes.toString('utf8', begin, offset);
  const dtype = dtypeIn(header);
  if (offset > bytes.length) throw invalid('the file is cut off in its header');
  const order = /'fortran_order': *(True|False)/.exec(header)?.[1];
  const sizes = /'shape': *\(((?: *\d+ *,?)*)\)/.exec(header)?.[1];
  if (order === undefined || sizes === undefined)
    throw invalid(`the header of the file is not one of numpy.save: ${header.trim()}`);
  const shape = (sizes.match(/\d+/g) ?? []).map(Number);
  // An array of one dimension is in both orders.
  if (order === 'True' && shape.length > 1)
    throw invalid('expected C order (row after row), got Fortran order: write np.ascontiguousarray(array)');
  const end = offset + sizeOf(shape) * arrays[dtype].BYTES_PER_ELEMENT;
  if (end !== length) throw invalid(`expected ${end} bytes, by the shape [${shape.join(', ')}] in its header, got ${length}`);
  return { dtype, shape, offset };
}

/** @throws Refusal `invalid-request`. */
function dtypeIn(header: string): Dtype {
  if (/'descr': *\[/.test(header))
    throw invalid('expected an array of numbers, got a structured array: write its fields as the columns of one array');
  const descr = /'descr': *'([^']*)'/.exec(header)?.[1];
  if (descr === undefined) throw invalid(`the header of the file is not one of numpy.save: ${header.slice(0, 80).trim()}`);
  if (Object.hasOwn(dtypes, descr)) return dtypes[descr];
  const little = descr.replace('>', '<');
  if (Object.hasOwn(dtypes, little))
    throw invalid(`expected little-endian numbers, got big-endian ones, ${descr}: write array.astype('${little}')`);
  const [name, advice] = OTHERS[descr[1]] ?? [`an array of ${descr}`, FLOAT];
  throw invalid(`expected ${Object.keys(dtypes).join(', ')}, got ${name}${name.includes(descr) ? '' : `, ${descr}`}: ${advice}`);
}

function invalid(detail: string): Refusal {
  return new Refusal('invalid-request', { detail });
}
