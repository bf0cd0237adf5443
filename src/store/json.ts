// Datasets in JSON: the arrays as in `batch`, or references to files that lie elsewhere.
import { DatasetArrays, NpyReferences, SafetensorsReference } from '../../schemas/dataset.ts';
import { valueAt } from '../../schemas/gradients.ts';
import { isTensor, type MaybeRagged, type Tensor } from '../../schemas/numbers.ts';
import { Scratch } from '../memory/scratch.ts';
import { Refusal } from '../refusal.ts';
import { isObject } from '../wire/error-texts.ts';
import { decode } from '../wire/json.ts';
import { RequestSchema } from '../wire/request-schema.ts';
import type { Upload } from './catalog.ts';
import { COLUMN_NAMES, checkColumns, NumbersCheck, type Refuse } from './columns.ts';
import type { Column, Columns } from './dataset.ts';
import type { Context, Draft } from './draft.ts';
import type { Outputs } from './outputs.ts';
import { readNpyFiles, readSafetensorsFile } from './references.ts';

/** Longer documents are arrays: a reference has a few URLs. */
const REFERENCE_BYTES = 65_536;

/** How many bytes are written at a time. */
const CHUNK_BYTES = 2 ** 20;

const arraysSchema = new RequestSchema(DatasetArrays, oneOfTargets);
const npySchema = new RequestSchema(NpyReferences, oneOfTargets);
const safetensorsSchema = new RequestSchema(SafetensorsReference, () => []);

/** A dataset has targets or classes, or none of them. */
function oneOfTargets(document: unknown) {
  const [targets, classes] = ['targets', 'classes'].map((key) => valueAt(document, key));
  const areBoth = targets !== undefined && classes !== undefined;
  return areBoth ? [{ pointer: '/classes', detail: 'expected either targets or classes, got both' }] : [];
}

/** @throws Refusal about the upload, with pointers; whatever the stream or the outputs throw. */
export async function readJson({ bytes }: Upload, outputs: Outputs, context: Context): Promise<Draft> {
  const body = await gather(bytes, context.limits.BODY_LIMIT);
  const read = (schema: RequestSchema) => decode(body, schema, context.limits, new Scratch()).document;
  switch (kindOf(body)) {
    case 'safetensors':
      return readSafetensorsFile(read(safetensorsSchema) as SafetensorsReference, context);
    case 'npy':
      return readNpyFiles(read(npySchema) as NpyReferences, context);
    default:
      return { columns: await storeArrays(read(arraysSchema) as MaybeRagged<DatasetArrays>, outputs) };
  }
}

/** @throws Refusal `body-too-large`. */
async function gather(bytes: AsyncIterable<Uint8Array>, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of bytes) {
    length += chunk.length;
    if (length > limit)
      throw new Refusal('body-too-large', {
        detail: `expected at most ${limit} bytes of JSON (BODY_LIMIT): send it as safetensors or CSV`,
      });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** What a document is, by its keys; a document that cannot be read is one of arrays. */
function kindOf(body: Buffer): 'arrays' | 'npy' | 'safetensors' {
  if (body.length > REFERENCE_BYTES) return 'arrays';
  let document: unknown;
  try {
    document = JSON.parse(body.toString());
  } catch {
    return 'arrays';
  }
  if (!isObject(document)) return 'arrays';
  if (Object.hasOwn(document, 'url')) return 'safetensors';
  return COLUMN_NAMES.some((name) => isObject(document[name])) ? 'npy' : 'arrays';
}

const refuse: Refuse = (type, name, detail, place) =>
  new Refusal(type, {
    detail: '1 problem in the request',
    errors: [{ pointer: place === undefined ? `/${name}` : `/${name}/${place}`, detail }],
  });

/** Stores the arrays in one object, one after the other. */
async function storeArrays(document: MaybeRagged<DatasetArrays>, outputs: Outputs): Promise<Columns> {
  const isTransposed = document.samples === 'columns';
  const arrays = new Map<string, { shape: readonly number[]; data: Float64Array }>();
  for (const name of COLUMN_NAMES) {
    const value = document[name];
    if (value === undefined) continue;
    if (value instanceof Float64Array) arrays.set(name, { shape: [value.length], data: value });
    else {
      const matrix = rectangular(name, value);
      arrays.set(name, isTransposed ? transposed(matrix) : matrix);
    }
  }
  checkColumns(new Map(Array.from(arrays, ([name, { shape }]) => [name, { dtype: 'F64', shape }])), refuse);
  const output = outputs.open();
  const columns: Record<string, Column> = {};
  let offset = 0;
  for (const [name, { shape, data }] of arrays) {
    columns[name] = { source: { object: output.key }, offset, dtype: 'F64', shape };
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const check = new NumbersCheck(name, columns[name], refuse);
    check.add(bytes);
    check.end();
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) await output.push(bytes.subarray(at, at + CHUNK_BYTES));
    offset += bytes.length;
  }
  return columns as unknown as Columns;
}

/** @throws Refusal `shape-mismatch`, if the rows have different lengths. */
function rectangular(name: string, matrix: number[][] | Tensor): Tensor {
  if (isTensor(matrix)) return matrix;
  const [first] = matrix;
  const row = matrix.findIndex(({ length }) => length !== first.length);
  throw refuse(
    'shape-mismatch',
    name,
    `expected ${first.length} numbers, as many as row 0 has, got ${matrix[row].length}`,
    `${row}`,
  );
}

function transposed({ shape: [rows, columns], data }: Tensor) {
  const result = new Float64Array(data.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) result[j * rows + i] = data[i * columns + j];
  return { shape: [columns, rows], data: result };
}
