// What the arrays of a dataset must be like: their names, shapes, dtypes and numbers, whatever the format.
import { countOf } from '../../schemas/flat-lists.ts';
import { areFinite, placeOf } from '../../schemas/numbers.ts';
import type { ProblemType } from '../../schemas/problem.ts';
import type { Refusal } from '../refusal.ts';
import { arrays, type Dtype, sizeOf, storedAt, widen } from '../wire/dtypes.ts';
import { suggestOwnKey } from '../wire/suggest.ts';
import type { ColumnName } from './dataset.ts';

export const COLUMN_NAMES: readonly ColumnName[] = ['inputs', 'targets', 'classes', 'sample_weights'];

/** An array as its file describes it. */
export interface Described {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

/** Makes the refusal of an array, in the terms of its format. `place` are the indices of a number, as in "17/3". */
export type Refuse = (type: ProblemType, name: string, detail: string, place?: string) => Refusal;

const FLOATS: readonly Dtype[] = ['F64', 'F32', 'F16', 'BF16'];

/** Checks everything about the arrays but their numbers. @throws Refusal `invalid-request`, `shape-mismatch`, made by `refuse`. */
export function checkColumns(columns: ReadonlyMap<string, Described>, refuse: Refuse): void {
  for (const name of columns.keys())
    if (!COLUMN_NAMES.includes(name as ColumnName))
      throw refuse(
        'invalid-request',
        name,
        `a dataset has no such array${suggestOwnKey(name, COLUMN_NAMES)}; there are ${COLUMN_NAMES.join(', ')}`,
      );
  const inputs = columns.get('inputs');
  if (!inputs) throw refuse('invalid-request', 'inputs', 'expected an array of samples x features, but there is none');
  if (columns.has('targets') && columns.has('classes'))
    throw refuse('invalid-request', 'classes', 'expected either targets or classes, got both');
  for (const [name, column] of columns) checkColumn(name as ColumnName, column, refuse);
  const [samples] = inputs.shape;
  for (const [name, { shape }] of columns)
    if (shape[0] !== samples)
      throw refuse('shape-mismatch', name, `expected ${countOf(samples, 'sample')}, as many as inputs has, got ${shape[0]}`);
}

function checkColumn(name: ColumnName, { dtype, shape }: Described, refuse: Refuse): void {
  const isMatrix = name === 'inputs' || name === 'targets';
  const dimensions = isMatrix ? 2 : 1;
  const got = `got one of the shape [${shape.join(', ')}]`;
  if (shape.length !== dimensions)
    throw refuse(
      'invalid-request',
      name,
      `expected an array of ${dimensions} dimension${isMatrix ? 's' : ''}, ${got}${adviceFor(name, shape)}`,
    );
  if (sizeOf(shape) === 0)
    throw refuse('invalid-request', name, `expected an array with at least 1 item in each dimension, ${got}`);
  if (dtype === 'I64' && name !== 'classes')
    throw refuse('invalid-request', name, 'expected a floating-point dtype, such as F64, got I64, which is for classes');
}

/** What to write in place of an array with another number of dimensions. */
function adviceFor(name: ColumnName, [rows, columns, ...others]: readonly number[]): string {
  if (name === 'targets' && rows !== undefined && columns === undefined)
    return `: write it as [${rows}, 1], in NumPy targets[:, None], or name it classes if it has class indices`;
  if (name === 'inputs' && rows !== undefined && columns === undefined)
    return `: write it as [${rows}, 1], in NumPy inputs[:, None], if each sample has one feature`;
  if (columns === 1 && others.length === 0) return `: write it as [${rows}], in NumPy ${name}[:, 0]`;
  return '';
}

/** How many bytes are widened at a time. */
const CHUNK_BYTES = 65_536;

/** Reused by all checks, which run to their end without waiting. */
const widened = new Float64Array(CHUNK_BYTES);

/** Checks the numbers of an array while its bytes arrive, in pieces of any lengths. */
export class NumbersCheck {
  readonly #name: string;
  readonly #dtype: Dtype;
  readonly #shape: readonly number[];
  readonly #refuse: Refuse;
  readonly #wrong: (numbers: Float64Array) => number;
  /** The bytes of a number whose others have not arrived. */
  #rest: Uint8Array = new Uint8Array(0);
  #count = 0;
  #hasWeight = false;

  constructor(name: string, { dtype, shape }: Described, refuse: Refuse) {
    this.#name = name;
    this.#dtype = dtype;
    this.#shape = shape;
    this.#refuse = refuse;
    const isFloat = FLOATS.includes(dtype);
    if (name === 'sample_weights') this.#wrong = (numbers) => this.#wrongWeight(numbers);
    else if (!isFloat) this.#wrong = () => -1;
    else if (name === 'classes') this.#wrong = (numbers) => numbers.findIndex((number) => !Number.isInteger(number));
    else this.#wrong = (numbers) => (areFinite(numbers) ? -1 : numbers.findIndex((number) => !Number.isFinite(number)));
  }

  /** @throws Refusal `invalid-request`, made by `refuse`. */
  add(bytes: Uint8Array): void {
    const { BYTES_PER_ELEMENT } = arrays[this.#dtype];
    let at = 0;
    if (this.#rest.length > 0) {
      at = Math.min(BYTES_PER_ELEMENT - this.#rest.length, bytes.length);
      this.#rest = Buffer.concat([this.#rest, bytes.subarray(0, at)]);
      if (this.#rest.length < BYTES_PER_ELEMENT) return;
      this.#check(this.#rest, 0, 1);
      this.#rest = this.#rest.subarray(BYTES_PER_ELEMENT);
    }
    while (bytes.length - at >= BYTES_PER_ELEMENT) {
      const size = Math.floor(Math.min(CHUNK_BYTES, bytes.length - at) / BYTES_PER_ELEMENT);
      this.#check(bytes, at, size);
      at += size * BYTES_PER_ELEMENT;
    }
    this.#rest = bytes.slice(at);
  }

  /** To be called when the array is complete. @throws Refusal `invalid-request`, made by `refuse`. */
  end(): void {
    if (this.#name === 'sample_weights' && !this.#hasWeight)
      throw this.#refuse('invalid-request', this.#name, 'expected at least one weight above 0, got only 0');
  }

  #check(bytes: Uint8Array, at: number, size: number): void {
    const numbers = widened.subarray(0, size);
    widen(this.#dtype, storedAt(this.#dtype, bytes, at, size), numbers);
    const wrong = this.#wrong(numbers);
    if (wrong >= 0) {
      const expected =
        this.#name === 'classes'
          ? 'an integer'
          : this.#name === 'sample_weights'
            ? 'a finite number, at least 0'
            : 'a finite number';
      const place = placeOf(this.#count + wrong, this.#shape);
      throw this.#refuse('invalid-request', this.#name, `expected ${expected}, got ${numbers[wrong]}`, place);
    }
    this.#count += size;
  }

  #wrongWeight(numbers: Float64Array): number {
    this.#hasWeight ||= numbers.some((number) => number > 0);
    return numbers.findIndex((number) => !(number >= 0 && number < Number.POSITIVE_INFINITY));
  }
}
